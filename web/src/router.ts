import { useEffect, useState } from "react";

const changed = "store-platform:navigated";

/** Goes to another page without asking the server for it. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new Event(changed));
}

export function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const update = () => setPath(location.pathname);
    addEventListener("popstate", update);
    addEventListener(changed, update);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(changed, update);
    };
  }, []);
  return path;
}
