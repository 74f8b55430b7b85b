import type { Choice } from "../api/types";

/** What somebody can be, in the words of docs/access.md: a test compares them. What the service lets one do it says in `permissions`. */
export const roles: (Choice & { reach: "own account" | "everywhere" })[] = [
  { id: "merchant", name: "Merchant", reach: "own account", description: "Orders and keeps the stores of its own account, and sees its quota and its tokens." },
  { id: "viewer", name: "Viewer", reach: "own account", description: "Looks at the stores and the quota of its own account, and changes nothing." },
  { id: "operator", name: "Operator", reach: "everywhere", description: "Keeps the stores of every account and reads the audit log, but changes no account and no token." },
  { id: "auditor", name: "Auditor", reach: "everywhere", description: "Looks at everything of every account, the audit log too, and changes nothing." },
  { id: "admin", name: "Administrator", reach: "everywhere", description: "Does everything everywhere: opens and closes accounts, issues and revokes tokens." },
];
