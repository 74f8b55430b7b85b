import type { Phase } from "../api/types";

const words: Record<Phase, string> = {
  pending: "Waiting",
  provisioning: "Being made",
  ready: "Ready",
  degraded: "Unwell",
  failed: "Failed",
  suspended: "Suspended",
  deleting: "Being removed",
  deleted: "Removed",
};

export function PhaseBadge({ phase }: { phase: Phase }) {
  return (
    <span className={`badge phase-${phase}`} data-phase={phase}>
      {words[phase]}
    </span>
  );
}
