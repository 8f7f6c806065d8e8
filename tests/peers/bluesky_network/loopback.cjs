// Every server of the network listens on 127.0.0.1 alone; dev-env would let it listen on all addresses.
const net = require('net')

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (...given) {
  const [first] = given
  if (typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))) {
    given.splice(1, typeof given[1] === 'string' ? 1 : 0, '127.0.0.1')
  } else if (first && typeof first === 'object' && 'port' in first) {
    given[0] = { ...first, host: '127.0.0.1' }
  }
  return listen.apply(this, given)
}
