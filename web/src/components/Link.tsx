import type { MouseEvent, ReactNode } from "react";
import { navigate } from "../router";

export function Link({ to, className, children }: { to: string; className?: string; children: ReactNode }) {
  function follow(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(to);
  }
  return (
    <a href={to} className={className} onClick={follow}>
      {children}
    </a>
  );
}
