export { noSuchVolume } from './errors';
export type { VolumeLock } from './lock';
export type { Volume } from './meta';
export { treeSize } from './size';
export { VolumeStore, type NewVolume, type UsersOf } from './store';
