// Properties of Dash's components, but for those of stores.mjs: what a control holds and offers, what a line says.
export const control = (id) => dash_component_api.getLayout(id).props;

export const setControl = (id, properties) => dash_clientside.set_props(id, properties);
