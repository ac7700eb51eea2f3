/**
 * What is known of a root whose commands are killed: what was acknowledged is certain, what a killed command might have
 * done is not. Nothing here looks at the root.
 */
export type Certainty = 'there' | 'perhaps' | 'gone';

export interface ContainerFact {
  certainty: Certainty;
  /** Undefined where a killed command may have changed it. */
  name: string | undefined;
  /** Goes at its end. */
  ephemeral: boolean;
  /** Content of files that were acknowledged, by path. */
  files: Map<string, string>;
}

export class World {
  /** By id. */
  readonly containers = new Map<string, ContainerFact>();
  /** By id, `sha256:` included. */
  readonly images = new Map<string, Certainty>();
  /** Names of images, with their ids. */
  readonly refs = new Map<string, string>();
  readonly volumes = new Map<string, { certainty: Certainty; files: Map<string, string> }>();
  /** What was done, in words, for whoever has to understand a failure. */
  readonly history: string[] = [];

  addContainer(id: string, name: string | undefined, ephemeral: boolean): void {
    this.containers.set(id, { certainty: 'there', name, ephemeral, files: new Map() });
  }

  /** A command that removes some containers did so, or may have. */
  doubtContainers(of: (fact: ContainerFact) => boolean = () => true): void {
    for (const fact of this.containers.values()) {
      if (fact.certainty === 'there' && of(fact)) fact.certainty = 'perhaps';
    }
  }

  addImage(id: string, ref?: string): void {
    this.images.set(id, 'there');
    if (ref !== undefined) this.refs.set(ref, id);
  }

  doubtImages(of: (id: string) => boolean = () => true): void {
    for (const [id, certainty] of this.images) {
      if (certainty !== 'there' || !of(id)) continue;
      this.images.set(id, 'perhaps');
      for (const [ref, named] of this.refs) if (named === id) this.refs.delete(ref);
    }
  }

  /** Whether an image has a name for certain. */
  isNamed(id: string): boolean {
    return [...this.refs.values()].includes(id);
  }

  addVolume(name: string): void {
    const known = this.volumes.get(name);
    // What was in one that may have been removed is not known to be in it any more.
    if (known?.certainty !== 'there') this.volumes.set(name, { certainty: 'there', files: new Map() });
  }

  /** It was asked for: it may be there again. */
  revive(name: string): void {
    const fact = this.volumes.get(name);
    if (fact?.certainty === 'gone') fact.certainty = 'perhaps';
  }

  doubtVolumes(of: (name: string) => boolean = () => true): void {
    for (const [name, fact] of this.volumes) {
      if (fact.certainty === 'there' && of(name)) fact.certainty = 'perhaps';
    }
  }

  /** All that was done to something, by any of its names. */
  historyOf(...names: (string | undefined)[]): string {
    const known = names.filter(name => name !== undefined && name !== '');
    const lines = this.history.filter(line => known.some(name => line.includes(name!)));
    return lines.slice(-12).join('\n    ');
  }
}
