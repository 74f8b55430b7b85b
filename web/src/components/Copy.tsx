import { useState } from "react";

/** Puts a text on the clipboard. Without HTTPS browsers have none, save on the machine itself. */
export function Copy({ what, text, autoFocus }: { what: string; text: string; autoFocus?: boolean }) {
  const [words, setWords] = useState("Copy");

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setWords("Copied");
    } catch {
      setWords("Select it and copy it yourself");
    }
  }

  return (
    <button type="button" aria-label={words === "Copy" ? `Copy the ${what}` : undefined} autoFocus={autoFocus} onClick={() => void copy()}>
      {words}
    </button>
  );
}
