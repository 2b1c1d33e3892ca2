// Something that happens in one module and that others want to hear of.
export function signal() {
  const listeners = [];

  function tell(...news) {
    for (const listener of listeners) {
      try {
        listener(...news);
      } catch (error) {
        reportError(error); // the others hear of it all the same
      }
    }
  }

  return { on: (listener) => listeners.push(listener), tell };
}
