<?php // Operations of the public and of administrators, many in one request: JSON in, JSON out.
define('MW_ENTRY_POINT', 'index');
require getenv('PEER_SOURCE') . '/includes/WebStart.php';

use MediaWiki\MediaWikiServices;
use MediaWiki\Revision\SlotRecord;

$services = MediaWikiServices::getInstance();
$operations = [
    // The new page text by an address (null) or an account; the revision's number.
    'edit' => function ($title, $text, $user) use ($services) {
        $page = $services->getWikiPageFactory()->newFromTitle(Title::newFromText($title));
        $author = $user ? User::newFromName($user) : User::newFromName('203.0.113.7', false);
        $updater = $page->newPageUpdater($author);
        $updater->setContent(SlotRecord::MAIN, ContentHandler::makeContent($text, $page->getTitle()));
        $revision = $updater->saveRevision(CommentStoreComment::newUnsavedComment(''), 0);
        return $revision ? $revision->getId() : null;
    },
    'erase' => function ($title) use ($services) {
        $page = $services->getWikiPageFactory()->newFromTitle(Title::newFromText($title));
        $services->getDeletePageFactory()
            ->newDeletePage($page, User::newFromName('Admin'))->forceImmediate(true)->deleteUnsafe('');
    },
    // The page with this version alone, as after an administrator deleted it and brought only that back.
    'bring_back' => function ($title, $revision) use ($services) {
        $alone = '20260101000000';
        wfGetDB(DB_PRIMARY)->update('revision', ['rev_timestamp' => $alone], ['rev_id' => $revision], 'peer');
        $page = $services->getWikiPageFactory()->newFromTitle(Title::newFromText($title));
        $admin = User::newFromName('Admin');
        $services->getDeletePageFactory()->newDeletePage($page, $admin)->forceImmediate(true)->deleteUnsafe('');
        $page = $services->getWikiPageFactory()->newFromTitle(Title::newFromText($title));
        $services->getUndeletePageFactory()->newUndeletePage($page, $admin)
            ->setUndeleteOnlyTimestamps([$alone])->undeleteUnsafe('');
    },
    // Nobody sees recent changes from before.
    'forget' => fn () => wfGetDB(DB_PRIMARY)->delete('recentchanges', '*', 'peer') ? true : false,
    'protect' => function ($title, $level) use ($services) {
        $page = $services->getWikiPageFactory()->newFromTitle(Title::newFromText($title));
        $cascade = false;
        $page->doUpdateRestrictions(['edit' => $level], [], $cascade, '', User::newFromName('Admin'));
    },
];
$results = [];
foreach (json_decode(file_get_contents('php://input'), true) as $call) {
    $results[] = $operations[array_shift($call)](...$call);
    $services->getDBLoadBalancerFactory()->commitPrimaryChanges('peer');
    DeferredUpdates::doUpdates();
}
header('Content-Type: application/json');
echo json_encode($results);
