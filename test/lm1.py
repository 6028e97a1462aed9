#!/usr/bin/env python3
"""Both ends of lm/1, written from lm-protocol(5) alone with nothing but Python's standard library: the test of whether the page suffices.

  lm1.py send PORT PEM EPOCH[:FROM] [CUT ...]
                                         the lines of standard input, over a connection that breaks after CUT bytes of DATA each;
                                         with FROM, what is below that offset was sent under another epoch
  lm1.py recv PEM [CUT ...]              prints PORT, writes the lines of one stream to standard output; connections break likewise
"""
import json, select, socket, ssl, struct, sys, time, zlib

HEADER = struct.Struct('>cc H I Q I I')
MAX = 2 ** 53 - 1


class Fault(Exception):
    def __init__(self, code, reason):
        super().__init__(f'{code}: {reason}')
        self.code, self.reason = code, reason


def frame(kind, offset, payload=b'', lines=0):
    head = struct.pack('>cc H I Q I', b'L', kind, 0, len(payload), offset, lines)
    return head + struct.pack('>I', zlib.crc32(head, zlib.crc32(payload))) + payload


def say(kind, offset, **body):
    return frame(kind, offset, json.dumps(body).encode())


class Connection:
    """Frames in and out of a TLS socket, and the two clocks."""

    def __init__(self, tls):
        self.tls, self.bytes = tls, b''
        self.heard, self.pinged = time.monotonic(), time.monotonic()

    def send(self, data):
        self.tls.sendall(data)

    def frames(self, ping, wait):
        """What has come within `wait` seconds; None at the end of the connection."""
        now = time.monotonic()
        if now - self.pinged >= 10:
            self.send(frame(b'P', ping))
            self.pinged = now
        if now - self.heard > 30:
            raise Fault('SILENT', 'no sign of life')
        if not self.tls.pending() and not select.select([self.tls], [], [], wait)[0]:
            return []
        try:
            data = self.tls.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLEOFError, ConnectionResetError) as err:
            return [] if isinstance(err, ssl.SSLWantReadError) else None
        if not data:
            return None
        self.heard = now
        self.bytes += data
        found = []
        while len(self.bytes) >= 24:
            mark, kind, flags, length, offset, lines, crc = HEADER.unpack(self.bytes[:24])
            if mark != b'L' or kind not in b'HWDAPLEGX':
                raise Fault('FRAME', 'no frame')
            if flags:
                raise Fault('VERSION', 'flags')
            if length > (1048576 if kind == b'D' else 8 if kind == b'A' else 0 if kind in b'PE' else 4096) or offset + length > MAX:
                raise Fault('FRAME', 'too long')
            if len(self.bytes) < 24 + length:
                break
            payload = self.bytes[24:24 + length]
            if crc != zlib.crc32(self.bytes[:20], zlib.crc32(payload)):
                raise Fault('FRAME', 'checksum')
            self.bytes = self.bytes[24 + length:]
            found.append((kind, offset, payload))
        return found

    def close(self):
        try:
            self.tls.unwrap()
        except (OSError, ValueError):
            pass
        self.tls.close()


def send(port, pem, epoch, cuts):
    stream = sys.stdin.buffer.read()
    epoch, _, begin = epoch.partition(':')
    committed = begin = int(begin or 0)
    while True:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the test knows its receiver
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(['lm/1'])
        context.load_cert_chain(pem)
        tls = context.wrap_socket(socket.create_connection(('127.0.0.1', port), 10))
        if tls.selected_alpn_protocol() != 'lm/1':
            raise SystemExit('no lm/1')
        link = Connection(tls)
        link.send(say(b'H', committed, v=1, epoch=epoch, **{'from': begin}, tail=len(stream), agent='lm1.py', unknown=[{}]))
        sent = limit = budget = None
        ended = False
        while True:
            got = link.frames(len(stream), 0.05)
            if got is None:
                break
            for kind, offset, payload in got:
                if kind == b'W':
                    welcome = json.loads(payload)
                    if welcome['v'] != 1 or welcome['next'] > len(stream):
                        raise SystemExit('rollback')
                    last = welcome.get('last')
                    if last and last['offset'] + last['length'] == welcome['next']:
                        if zlib.crc32(stream[last['offset']:welcome['next']]) != last['crc']:
                            raise SystemExit('rollback')
                    sent, limit = welcome['next'], welcome['limit']
                    committed = max(committed, offset)
                    budget = cuts.pop(0) if cuts else MAX
                elif kind == b'A':
                    committed, limit = max(committed, offset), max(limit, *struct.unpack('>Q', payload))
                elif kind == b'L':
                    print(f'refused {json.loads(payload)["lines"]}: {json.loads(payload)["reason"]}', file=sys.stderr)
                elif kind == b'E':
                    if not ended or offset != len(stream):
                        raise SystemExit('an END out of place')
                    link.close()
                    return
                elif kind in b'GX':
                    raise SystemExit(payload.decode())
            if sent is None:
                continue
            while sent < len(stream):
                end = stream.rfind(b'\n', sent, min(sent + 20000, len(stream))) + 1 or stream.index(b'\n', sent) + 1
                if end > limit and committed < sent:
                    break
                data = frame(b'D', sent, stream[sent:end], stream.count(b'\n', sent, end))
                if budget < len(data):  # the connection breaks within the frame
                    link.send(data[:budget])
                    tls.close()
                    break
                budget -= len(data)
                link.send(data)
                sent = end
            if tls.fileno() < 0:
                break
            if sent == len(stream) and not ended:
                link.send(frame(b'E', sent))
                ended = True


def take(link, state, cut, out):
    """One connection of the sender; returns whether the stream has ended."""
    epoch = end = None
    limit = taken = 0
    while True:
        got = link.frames(state['next'], 0.05)
        if got is None:
            return False
        for kind, offset, payload in got:
            if kind == b'P':
                continue
            if epoch is None:
                if kind != b'H':
                    raise Fault('FRAME', 'no HELLO')
                hello = json.loads(payload)
                epoch = hello['epoch']
                if hello['v'] != 1:
                    raise Fault('VERSION', 'another version')
                if hello.get('from', 0) > offset:
                    raise Fault('FRAME', 'bad from')
                known = state.get('epoch') == epoch
                if not known:
                    state.update(epoch=epoch, next=offset, last=None)
                limit = state['next'] + 65536
                body = dict(v=1, name='python', known=known, next=state['next'], limit=limit, more={'a': 1})
                if state['last']:
                    body['last'] = dict(zip(('offset', 'length', 'crc'), state['last']))
                link.send(say(b'W', state['next'], **body))
            elif kind == b'D':
                stop = offset + len(payload)
                if payload[-1:] != b'\n':
                    raise Fault('FRAME', 'not whole lines')
                if offset > state['next']:
                    raise Fault('GAP', 'missing')
                if stop > state['next']:
                    if end is not None and stop > end:
                        raise Fault('FRAME', 'behind the end')
                    if stop > limit and offset > state['next']:
                        raise Fault('CREDIT', 'too much')
                    rest = payload[state['next'] - offset:]
                    out.write(rest)
                    out.flush()
                    state['last'] = (state['next'], len(rest), zlib.crc32(rest))
                    state['next'] = stop
                    taken += len(rest)
                if taken >= cut:
                    return False  # what was taken is not acknowledged: the sender hears of it in the next WELCOME
                limit = max(limit, state['next'] + 65536)
                link.send(frame(b'A', state['next'], struct.pack('>Q', limit)))
                link.send(frame(b'A', 0, struct.pack('>Q', 0)))  # an old one takes nothing back
            elif kind == b'L':
                state['next'] = max(state['next'], json.loads(payload)['to'])
            elif kind == b'E':
                if offset != state['next']:
                    raise Fault('GAP', 'not all is here')
                link.send(frame(b'E', offset))
                end = offset
            elif kind == b'X':
                raise SystemExit(payload.decode())
            else:
                raise Fault('FRAME', 'out of place')
        if end is not None:
            while link.frames(end, 0.05) is not None:
                pass
            return True


def recv(pem, cuts):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.set_alpn_protocols(['lm/1'])
    server = socket.create_server(('127.0.0.1', 0))
    print(server.getsockname()[1], file=sys.stderr, flush=True)
    state = {'next': 0, 'last': None}
    while True:
        try:
            link = Connection(context.wrap_socket(server.accept()[0], server_side=True))
        except ssl.SSLError:
            continue
        try:
            if take(link, state, cuts.pop(0) if cuts else MAX, sys.stdout.buffer):
                return
        except Fault as fault:
            link.send(say(b'X', 0, code=fault.code, reason=fault.reason))
        link.tls.close()


if sys.argv[1] == 'send':
    send(int(sys.argv[2]), sys.argv[3], sys.argv[4], [int(n) for n in sys.argv[5:]])
else:
    recv(sys.argv[2], [int(n) for n in sys.argv[3:]])
