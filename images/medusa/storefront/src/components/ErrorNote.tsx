import type { Problem } from "../api/client";

/** What the visitor can do about it; the service's own words come last, for whoever runs the shop. */
function advice(problem: Problem): string {
  if (problem.status === 0 || problem.status >= 500) return "The shop does not answer just now. Nothing is lost: wait a moment and try again.";
  if (problem.status === 429) return "Too many requests at once. Wait a minute and try again.";
  return "That did not work. Check what you entered and try again.";
}

export function ErrorNote({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div className="note error" role="alert">
      <p>{advice(problem)}</p>
      <p className="fine">{problem.message}</p>
      {onRetry && <button type="button" onClick={onRetry}>Try again</button>}
    </div>
  );
}
