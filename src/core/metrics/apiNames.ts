/** Names of the performance API that clients write into their code. */

export const STREAM_PATH = "/api/performance/stream";
/** The subprotocol of what is pushed; answered when it is offered. */
export const STREAM_PROTOCOL = "quantdesk.performance.v1";
/** In a WebSocket's list of subprotocols, before the token or its base64url form: a browser can set no header there. */
export const TOKEN_PROTOCOL = "bearer.";
