import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can fall silent: connections stay, and nothing comes through any more until it is told to go on. */
export interface Line {
  port: number;
  silence(): void;
  goOn(): void;
  close(): void;
}

export async function lineTo(host: string, port: number): Promise<Line> {
  const ends = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, host);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end);
      end.on('data', (chunk) => void other.write(chunk));
      end.on('error', () => {}).on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    silence: () => ends.forEach((end) => end.pause()),
    goOn: () => ends.forEach((end) => end.resume()),
    close: () => {
      server.close();
      for (const end of ends) end.destroy();
    },
  };
}
