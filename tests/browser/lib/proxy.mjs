// A proxy that breaks connections where a test says: event streams after so many bytes, answers after they were
// accepted, everything while it is down.
import { createServer, request } from "node:http";

/** Forwards to an origin. `rules.cutStreams()` gives the bytes after which the next stream is cut (Infinity: never). */
export async function proxy(target, rules = {}) {
  const streams = new Set();
  const counts = { streams: 0, posts: 0 };
  const server = createServer((req, res) => {
    if (rules.down) return res.destroy();
    const upstream = request(target + req.url, { method: req.method, headers: { ...req.headers, host: new URL(target).host } }, (answer) => {
      if (req.method === "POST" && rules.loseAnswer?.(req.url)) {
        // The server did it; the browser never hears.
        answer.resume();
        return res.destroy();
      }
      if (!req.url.includes("/stream")) {
        if (req.method === "POST") counts.posts++;
        res.writeHead(answer.statusCode, answer.headers);
        return answer.pipe(res);
      }
      counts.streams++;
      let left = rules.cutStreams?.() ?? Infinity;
      res.writeHead(answer.statusCode, answer.headers);
      res.flushHeaders();
      streams.add(res);
      answer.on("data", (piece) => {
        if (left === 0) return;
        if (piece.length < left) {
          left -= piece.length;
          return res.write(piece);
        }
        // What was written before the cut arrives; then the line is dead.
        upstream.destroy();
        res.write(piece.subarray(0, left), () => setTimeout(() => res.destroy(), 5));
        left = 0;
      });
      answer.on("end", () => res.end());
      answer.on("error", () => res.destroy());
      res.on("close", () => {
        streams.delete(res);
        upstream.destroy();
      });
    });
    upstream.on("error", () => res.destroy());
    req.pipe(upstream);
  });
  // A failed test does not keep the run alive.
  server.unref();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    counts,
    rules,
    cut: () => streams.forEach((res) => res.destroy()),
    stop: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
