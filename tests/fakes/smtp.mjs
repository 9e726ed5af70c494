// A mail server: STARTTLS with the certificate it is given, sign-in required. It prints where it is, then each mail it took as a line
// of JSON. Mail to refused@… is refused for good, the first mail to later@… for now.
//
// node smtp.mjs KEY CERT USER PASSWORD
import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";

const [, , key, cert, user, password] = process.argv;
const postponed = new Set();

const refusal = (code, text) => Object.assign(new Error(text), { responseCode: code });

const server = new SMTPServer({
  key: readFileSync(key),
  cert: readFileSync(cert),
  authOptional: false,
  logger: false,
  onAuth(auth, session, done) {
    if (!session.secure) return done(refusal(538, "Encryption required"));
    if (auth.username !== user || auth.password !== password) return done(refusal(535, "Wrong name or password"));
    done(null, { user });
  },
  onRcptTo(address, session, done) {
    const name = address.address.split("@")[0];
    if (name === "refused") return done(refusal(550, `No such mailbox ${address.address}`));
    if (name === "later" && !postponed.has(address.address)) {
      postponed.add(address.address);
      return done(refusal(451, "Come again"));
    }
    done();
  },
  onData(stream, session, done) {
    const pieces = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("end", () => {
      const { mailFrom, rcptTo } = session.envelope;
      const mail = { from: mailFrom.address, to: rcptTo.map((to) => to.address), secure: session.secure, user: session.user };
      console.log(JSON.stringify({ ...mail, text: Buffer.concat(pieces).toString("utf8") }));
      done();
    });
  },
});

server.on("error", () => {});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.server.address().port })));
// It ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume();
