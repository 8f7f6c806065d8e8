// The whole network in one process: directory, personal data server, AppView and labeler, on the ports given.
const { TestNetwork } = require(`${process.env.PEER_MODULES}/@atproto/dev-env`)

const [plc, pds, bsky, ozone] = process.env.PEER_PORTS.split(' ').map(Number)
TestNetwork.create({
  dbPostgresSchema: 'peer',
  plc: { port: plc },
  pds: { port: pds, hostname: 'localhost' },
  bsky: { port: bsky, publicUrl: `http://localhost:${bsky}`, dbPostgresSchema: 'bsky' },
  ozone: { port: ozone },
}).then((network) => {
  console.log('READY')
  process.on('SIGTERM', () => network.close().finally(() => process.exit(0)))
})
