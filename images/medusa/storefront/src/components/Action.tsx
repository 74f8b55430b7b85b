import type { ReactNode } from "react";

interface Props {
  isBusy: boolean;
  /** What it says while it works. */
  busy?: string;
  /** Without it the button sends its form, which has to look at `isBusy` itself. */
  onClick?: () => void;
  children: ReactNode;
}

/** A button that does one thing at a time. It is never `disabled`, for that would take the focus away from who has pressed it. */
export function Action({ isBusy, busy = "One moment …", onClick, children }: Props) {
  return (
    <button type={onClick ? "button" : "submit"} className="primary" aria-disabled={isBusy} onClick={onClick && (() => { if (!isBusy) onClick(); })}>
      {isBusy ? busy : children}
    </button>
  );
}
