/** What commands need that look at what is there and start nothing: one file of the bundle, beside the engine's. */
export * from './about';
export * from './catalog';
export * from './disk-usage';
export * from './disk-usage-sources';
export * from './image-output';
export * from './images';
export * from './names';
export * from './select';
export * from './sizes';
export * from './stats';
export * from './top';
export * from './volumes';
