/** Where the checkpoint of a simulated query is, on its simulated disk. */
export const CHECKPOINT = "/checkpoint";
