/** Whether another process still runs: owners of leases, of orders under way, of kernels are asked for by number. */
import { readFileSync } from "node:fs";

/**
 * True for a process of another user too. False for one that has ended, also when nobody has collected it yet (a zombie,
 * seen on Linux only), and for what is no process id. A number may have been given to another process since.
 */
export function isRunning(pid: number): boolean {
  // 0 and below would ask for groups of processes.
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  if (process.platform !== "linux") return true;
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
