/**
 * The exchange's own certificate: made at each start, for the names of this machine only, signed with its own key
 * (X.509 v3, RFC 5280; ECDSA on P-256). The key stays in memory; clients are told to trust the certificate.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Certificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS 8. */
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Browsers take no certificate that lasts longer than 398 days. */
const VALID_DAYS = 397;

export function makeCertificate(now: number): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const name = sequence(set(sequence(oid("550403"), der(0x0c, Buffer.from("Quantdesk paper exchange (SIMULATED)")))));
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0); // positive, and no leading zero
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, serial),
    algorithm,
    name,
    sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    name,
    spki,
    der(0xa3, sequence(...extensions(spki))),
  );
  const signature = sign("sha256", body, privateKey);
  return {
    certificate: pem(sequence(body, algorithm, bits(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function extensions(spki: Buffer): readonly Buffer[] {
  const critical = der(0x01, Buffer.from([0xff]));
  const names = sequence(
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.from("00000000000000000000000000000001", "hex")), // ::1
  );
  const keyId = createHash("sha1").update(spki).digest(); // a name for the key, no protection
  return [
    sequence(oid("551d11"), octets(names)),
    sequence(oid("551d13"), critical, octets(sequence(der(0x01, Buffer.from([0xff]))))), // its own authority
    sequence(oid("551d0f"), critical, octets(der(0x03, Buffer.from([2, 0x84])))), // digitalSignature, keyCertSign
    sequence(oid("551d25"), octets(sequence(oid("2b06010505070301")))), // server authentication
    sequence(oid("551d0e"), octets(octets(keyId))),
    sequence(oid("551d23"), octets(sequence(der(0x80, keyId)))),
  ];
}

/** Tag, length, content (X.690). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const set = (...parts: readonly Buffer[]) => der(0x31, ...parts);
const octets = (content: Buffer) => der(0x04, content);
const bits = (content: Buffer) => der(0x03, Buffer.from([0]), content);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));

function time(at: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
}

function pem(content: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${(content.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
}
