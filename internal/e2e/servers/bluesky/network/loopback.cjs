// Preloaded with node -r: whatever this process listens on, it is the loopback only. The
// development network would listen on every interface.
const { Server } = require('node:net')
const listen = Server.prototype.listen
Server.prototype.listen = function (...args) {
  const [first] = args
  if (first !== null && typeof first === 'object') {
    if (first.port != null) args[0] = { ...first, host: '127.0.0.1' }
    return listen.apply(this, args)
  }
  if (!/^\d+$/.test(String(first))) return listen.apply(this, args) // a path
  const done = args.find((a) => typeof a === 'function')
  return listen.call(this, { port: Number(first), host: '127.0.0.1' }, done)
}
