import type { MouseEvent, ReactNode } from "react";
import { navigate } from "../router";

interface Props {
  to: string;
  className?: string;
  label?: string;
  current?: boolean;
  children: ReactNode;
}

export function Link({ to, className, label, current, children }: Props) {
  function follow(event: MouseEvent) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(to);
  }
  return (
    <a href={to} className={className} aria-label={label} aria-current={current ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}
