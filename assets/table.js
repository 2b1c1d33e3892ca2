// How the sequence table shows its cells.  A row whose page is on its way has no data yet.
(() => {
  const percent = ({ value }) => (value == null ? "" : `${(100 * value).toFixed(1)}\u00a0%`);

  function ClassName(props) {
    if (!props.data) return null;
    const actual = props.colDef.field === "class";
    const index = actual ? props.data.label : props.data.predicted;
    const colour = index < 0 ? "var(--class-unknown)" : `var(--class-${index})`;
    const name = index < 0 ? "no label" : props.value;
    return React.createElement("span", { className: "class-name", style: { "--class": colour } }, name);
  }

  function Correct(props) {
    if (!props.data) return null;
    const marks = { yes: ["✓", "correct"], no: ["✗", "wrong"] };
    const [mark, look] = marks[props.value] || ["–", "unlabelled"];
    return React.createElement("span", { className: `mark ${look}`, title: props.value || "no label" }, mark);
  }

  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, { percent });
  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions || {}, {
    ClassName,
    Correct,
  });
})();
