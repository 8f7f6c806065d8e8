<?php // After the installer's own settings.
$wgRateLimits = [];
$wgMainCacheType = CACHE_NONE;
$wgSessionCacheType = CACHE_DB;
$wgJobRunRate = 0;
$wgCacheDirectory = __DIR__ . '/cache';
$wgLocalisationCacheConf['store'] = 'array';
$wgDBservers = [[
    'type' => 'sqlite', 'dbname' => 'wiki', 'tablePrefix' => '', 'load' => 1, 'dbDirectory' => $wgSQLiteDataDir,
    'variables' => ['synchronous' => 'OFF', 'journal_mode' => 'MEMORY'],
    'trxMode' => 'IMMEDIATE', 'flags' => DBO_DEFAULT,
]];
if (is_file(__DIR__ . '/extended')) {
    wfLoadExtensions(['AbuseFilter', 'SpamBlacklist', 'TitleBlacklist']);
}
foreach (['deleterevision', 'deletedhistory', 'deletedtext', 'bot'] as $right) {
    $wgGroupPermissions['modbot'][$right] = true;
}
