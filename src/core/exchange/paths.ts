/** How addresses are read: in all the forms in which clients write the same one, and which methods an address knows. */
import type { FastifyInstance } from "fastify";

/** One form of an address: a base address that ends in a slash doubles the first one, and `%3A` is the colon of `orders:by_client_order_id`. */
export function plainUrl(url: string): string {
  const end = url.indexOf("?");
  const path = end < 0 ? url : url.slice(0, end);
  return path.startsWith("//") || /%3a/i.test(path) ? path.replace(/^\/{2,}/, "/").replace(/%3a/gi, ":") + url.slice(path.length) : url;
}

/** The path of a stream; Alpaca's Python client ends it with a slash. */
export function streamPath(url: string): string {
  return (plainUrl(url).split("?")[0] as string).replace(/(.)\/$/, "$1");
}

/** Collects the routes that are added from here on; answers the methods that an address knows. */
export function knownMethods(app: FastifyInstance): (url: string) => readonly string[] {
  const routes: Array<{ readonly pattern: RegExp; readonly methods: readonly string[] }> = [];
  app.addHook("onRoute", ({ url, method }) => {
    // "::" is a colon, ":name" a parameter.
    const source = url.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/::|:\w+/g, (part) => (part === "::" ? ":" : "[^/]+"));
    routes.push({ pattern: new RegExp(`^${source}$`), methods: [method].flat() });
  });
  return (url) => {
    const path = url.split("?")[0] as string;
    return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
  };
}
