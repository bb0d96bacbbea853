"use strict";

(() => {
  const PREFIX = "precheck-explorer:";
  // GraphiQL's history keeps headers even when told not to persist them, so only these may reach the disk.
  const LASTING = new Set(
    ["tabState", "query", "variables", "operationName", "theme", "docExplorerFlex", "editorFlex", "secondaryEditorFlex"].map(
      (name) => `graphiql:${name}`,
    ),
  );

  function createStorage(disk) {
    const memory = new Map();
    const lasts = (key) => disk !== null && LASTING.has(key);
    return {
      get length() {
        return memory.size;
      },
      getItem: (key) => (lasts(key) ? disk.getItem(PREFIX + key) : (memory.get(key) ?? null)),
      setItem: (key, value) => (lasts(key) ? disk.setItem(PREFIX + key, value) : memory.set(key, value)),
      removeItem: (key) => (lasts(key) ? disk.removeItem(PREFIX + key) : memory.delete(key)),
      clear() {
        memory.clear();
        LASTING.forEach((key) => disk?.removeItem(PREFIX + key));
      },
    };
  }

  function openDisk() {
    try {
      return window.localStorage;
    } catch {
      return null; // a browser that blocks site data throws here
    }
  }

  function createFetcher() {
    const url = new URL(window.location.pathname, window.location.origin);
    const socket = new URL(url);
    socket.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const fetcher = GraphiQL.createFetcher({ url: url.href, subscriptionUrl: socket.href });
    let token = null; // what one tab was told, all tabs ask with, until the page is left
    return (params, options) => {
      const headers = { ...options?.headers };
      const name = Object.keys(headers).find((each) => each.toLowerCase() === "authorization");
      if (name !== undefined) {
        token = headers[name];
      } else if (token !== null) {
        headers.Authorization = token;
      }
      return fetcher(params, { ...options, headers });
    };
  }

  const storage = createStorage(openDisk());

  const restore = document.getElementById("restore");
  restore.hidden = false;
  restore.addEventListener("click", () => {
    storage.clear();
    window.location.reload();
  });

  ReactDOM.createRoot(document.getElementById("explorer")).render(
    React.createElement(GraphiQL, {
      fetcher: createFetcher(),
      storage,
      defaultTabs: JSON.parse(document.getElementById("prepared").textContent),
      defaultEditorToolsVisibility: "variables",
      plugins: [GraphiQLPluginExplorer.explorerPlugin()],
      inputValueDeprecation: true,
      schemaDescription: true,
      shouldPersistHeaders: false,
    }),
  );
})();
