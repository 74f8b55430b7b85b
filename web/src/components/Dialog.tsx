import { useLayoutEffect, useRef, type ReactNode } from "react";

/** A modal dialog: the browser traps the focus in it, closes it with Escape, and gives the focus back. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // The cleanup of `useEffect` comes when the element has left the page, and then it gives no focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector("input")?.focus(); // else it stands on the closing button
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onCancel={onClose} onClose={onClose}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close">
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}
