// How the sequence table shows its cells, and how many rows its filters leave.
(() => {
  const percent = (share) => (share == null ? "–" : `${(100 * share).toFixed(1)}\u00a0%`);

  function ClassName(props) {
    const actual = props.colDef.field === "class";
    const index = actual ? props.data.label : props.data.predicted;
    const colour = index < 0 ? "var(--class-unknown)" : `var(--class-${index})`;
    const name = index < 0 ? "no label" : props.value;
    return React.createElement("span", { className: "class-name", style: { "--class": colour } }, name);
  }

  function Correct(props) {
    const marks = { yes: ["✓", "correct"], no: ["✗", "wrong"] };
    const [mark, look] = marks[props.value] || ["–", "unlabelled"];
    return React.createElement("span", { className: `mark ${look}`, title: props.value || "no label" }, mark);
  }

  function tableCount(left, rows) {
    const all = (rows || []).length;
    const some = left ? left.length : all;
    return some === all ? all.toLocaleString("en") : `${some.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  }

  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, { percent });
  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions || {}, {
    ClassName,
    Correct,
  });
  window.dash_clientside = window.dash_clientside || {};
  dash_clientside.hsvis = Object.assign(dash_clientside.hsvis || {}, { tableCount });
})();
