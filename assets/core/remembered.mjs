// What this browser remembers from one visit to the next; null where it keeps nothing.
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key, text) {
  try {
    localStorage.setItem(key, text);
  } catch {
    // storage is switched off: it lasts as long as the page
  }
}
