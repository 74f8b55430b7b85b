import type { Problem } from "../api/client";

/** What happened, what to do, and the id under which the service's log has it. */
export function ErrorNote({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <div className="note error" role="alert">
      <p>{problem.document.detail}</p>
      {problem.document.requestId && <p className="fine">Request {problem.document.requestId}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
