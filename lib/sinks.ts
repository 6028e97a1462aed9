/** The ways out of a stream: an HTTP response, or a WebSocket. Both tell when the client is slow, and hold one batch for it at most. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Parts } from './feed.ts';
import type { Sink } from './pump.ts';

type Stream = ServerResponse | Duplex;

function whenDrained(stream: Stream): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const over = (): void => {
      stream.off('drain', over).off('close', over);
      resolve();
    };
    stream.on('drain', over).on('close', over);
  });
}

function onClose(stream: Stream, fn: () => void): () => void {
  stream.on('close', fn);
  return () => void stream.off('close', fn);
}

/** Into a response whose head has been written, or is written with the first part. */
export function responseSink(res: ServerResponse): Sink {
  return {
    write: (parts: Parts) => {
      res.cork();
      for (const part of parts) res.write(part);
      process.nextTick(() => res.uncork());
      return !res.writableNeedDrain;
    },
    drained: () => whenDrained(res),
    get closed() {
      return res.destroyed || res.writableEnded;
    },
    onClose: (fn) => onClose(res, fn),
  };
}

/** Into a WebSocket, one binary message for all parts; `socket` is the connection below it. */
export function webSocketSink(ws: WebSocket, socket: Duplex): Sink {
  return {
    write: (parts: Parts) => {
      parts.forEach((part, i) => ws.send(part, { binary: true, fin: i === parts.length - 1 }));
      return !socket.writableNeedDrain;
    },
    drained: () => whenDrained(socket),
    get closed() {
      return ws.readyState !== ws.OPEN || socket.destroyed;
    },
    onClose: (fn) => onClose(socket, fn),
  };
}
