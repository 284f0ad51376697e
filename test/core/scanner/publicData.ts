/** Companies' data as the sources hand it to scanners: given answers, each kind missing on demand. */
import type { PublicData, PublicKind } from "../../../src/core/domain/ports.ts";
import type { EarningsDate, InsiderTransaction, SocialPost } from "../../../src/core/domain/research.ts";

interface Given {
  readonly insiders?: readonly InsiderTransaction[];
  readonly earnings?: readonly EarningsDate[];
  readonly posts?: readonly SocialPost[];
  readonly missing?: PublicKind;
}

export function givenPublicData({ insiders = [], earnings = [], posts = [], missing }: Given = {}): PublicData {
  return {
    simulated: true,
    circuits: () => ({ finnhub: "closed" }),
    missing: (kind) => (kind === missing ? { reason: "no FINNHUB_API_KEY", remedy: "get one at https://finnhub.io/register" } : undefined),
    insiders: () => Promise.resolve(insiders),
    earnings: ({ from, to }) => Promise.resolve(earnings.filter(({ date }) => date >= from && date <= to)),
    posts: (limit) => Promise.resolve(posts.slice(0, limit)),
    company: () => Promise.resolve(null),
    sources: () => [],
  };
}
