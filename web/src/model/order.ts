/** Whether a request was refused, so that the next is another one. Behind any other status it may have been taken: a proxy's 503 can come after the service's 202. */
export const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 429;

/** Of an order whose key belongs to an earlier one with other words. */
export const takenBefore =
  "The order that you sent before was taken, though its answer did not arrive: its store is in the list. Nothing was done about this one; send it again to have both.";
