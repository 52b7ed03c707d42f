/** Maxima and times of what nodes of one region say to each other (node/several/), and of requests that wait for the leading one. */

/** A request waits so long for a node that leads the region, and is refused then. */
export const leaderWaitMsMax = 6000
/** Requests, and connections, that wait for it; further ones are refused at once. */
export const leaderWaitingMax = 4096
/** Each end of a connection between nodes says something at least this often. */
export const nodeLineEveryMs = 500
/** A node that says nothing for so long is left, and what waits for it is answered. */
export const nodeLineSilentMsMax = 4000
/** A connection to a node may take so long to be made. */
export const nodeLineOpenMsMax = 2000
/** After one that was lost, the next one is tried. */
export const nodeLineAgainMs = 100
/** Connections at a node's own port: of other nodes, and the clients' that these pass on. */
export const nodePortConnectionsMax = 10_000
/** How long a node that lends its store may take for one answer. */
export const nodeAnswerMsMax = 30_000
/** For so long a node that stops waits for requests that other nodes have passed on to it. */
export const nodeFarewellMsMax = 2000
/** How long a region may take to stop once its node does not lead any more; the process ends otherwise. */
export const regionStopMsMax = 20_000
/** Questions for the term that a node knows which it has not answered; one at a time is usual. */
export const nodeTermsAskedMax = 16
