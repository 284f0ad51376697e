/** Reddit's API (https://www.reddit.com/dev/api), SIMULATED: a token for a client id and secret, and the newest posts. */
import type { FastifyInstance } from "fastify";
import { readQuery } from "./query.ts";
import type { VendorParts } from "./vendorRoutes.ts";
import type { ForumPost } from "./vendorSignals.ts";

const MAX_POSTS = 100;
const MAX_SESSIONS = 30;
const TOKEN_SECONDS = 86_400;

export function addRedditRoutes(app: FastifyInstance, { clock, signals }: VendorParts): void {
  app.post("/vendor/reddit/api/v1/access_token", (request, reply) => {
    if (!/^Basic \S+$/.test(request.headers.authorization ?? "")) return reply.code(401).send({ message: "Unauthorized", error: 401 });
    return { access_token: "simulated", token_type: "bearer", expires_in: TOKEN_SECONDS, scope: "*" };
  });

  app.get("/vendor/reddit/r/:communities/new", (request, reply) => {
    if (!/^bearer \S+$/i.test(request.headers.authorization ?? "")) return reply.code(401).send({ message: "Unauthorized", error: 401 });
    const communities = new Set((request.params as { communities: string }).communities.toLowerCase().split("+"));
    const query = readQuery(request.query);
    const limit = Math.max(1, Math.min(MAX_POSTS, Number(query["limit"] ?? 25) || 25));
    const after = /^t3_([0-9a-z]+)$/.exec(query["after"] ?? "")?.[1];
    const now = clock.now();
    const found: ForumPost[] = [];
    let isPast = after === undefined;
    let looked = 0;
    for (const day of signals.sessionsBack(now)) {
      if (found.length > limit || ++looked > MAX_SESSIONS) break;
      for (const post of signals.posts(day).toReversed()) {
        if (post.at > now || !communities.has(post.community)) continue;
        if (isPast) found.push(post);
        else isPast = post.id === after;
      }
    }
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      kind: "Listing",
      data: {
        after: found.length > limit && last !== undefined ? `t3_${last.id}` : null,
        before: null,
        dist: page.length,
        children: page.map((post) => ({ kind: "t3", data: listed(post) })),
      },
    };
  });
}

function listed({ id, at, community, title, text, score, comments }: ForumPost) {
  const permalink = `/r/${community}/comments/${id}/simulated/`;
  return {
    id,
    name: `t3_${id}`,
    subreddit: community,
    author: "simulated",
    title,
    selftext: text,
    permalink,
    url: `https://simulated.invalid${permalink}`,
    created_utc: Math.floor(at / 1000),
    score,
    ups: Math.max(0, score),
    num_comments: comments,
    over_18: false,
    stickied: false,
    is_self: true,
  };
}
