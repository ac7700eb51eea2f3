'use strict';

// npm run sbom: what an installed package consists of, as CycloneDX 1.5 on stdout, from package-lock.json. (npm sbom
// leaves out those that development dependencies need as well.)
// https://cyclonedx.org/docs/1.5/json/
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

function sbom() {
  const { name, version, license } = readJson('package.json');
  const { packages } = readJson('package-lock.json');
  // '' is the package itself; what a dependency could use, but does not ask for, is not installed.
  const production = Object.entries(packages).filter(
    ([location, { dev, devOptional, peer }]) => location !== '' && !dev && !devOptional && !peer,
  );
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: component('application', name, { version, license }) },
    components: [
      ...production.map(([location, about]) => component('library', packageName(location), about)),
      busybox(),
    ],
  };
}

function component(type, name, { version, license, integrity }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type, 'bom-ref': purl, name, version, ...hashes(integrity), licenses: licenses(license), purl };
}

/** The one program in the image that the package brings. */
function busybox() {
  const version = /busybox-static, version (.+)\)/.exec(fs.readFileSync(at('busybox.LICENSE'), 'utf8'))[1];
  const purl = `pkg:deb/debian/busybox-static@${encodeURIComponent(version)}`;
  const licensed = licenses('GPL-2.0-only');
  return { type: 'application', 'bom-ref': purl, name: 'busybox-static', version, licenses: licensed, purl };
}

/** A lock file has hashes in the words of Subresource Integrity: algorithm, base64. */
function hashes(integrity) {
  if (!integrity) return {};
  const [algorithm, content] = integrity.split('-');
  const alg = algorithm.toUpperCase().replace('SHA', 'SHA-');
  return { hashes: [{ alg, content: Buffer.from(content, 'base64').toString('hex') }] };
}

/** Several are an expression of SPDX: `(MIT OR Apache-2.0)`. */
function licenses(license) {
  return license.includes(' ') ? [{ expression: license }] : [{ license: { id: license } }];
}

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
function packageName(location) {
  return location.slice(location.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function readJson(name) {
  return JSON.parse(fs.readFileSync(at(name), 'utf8'));
}

function at(name) {
  return path.join(root, name);
}

process.stdout.write(`${JSON.stringify(sbom(), undefined, 2)}\n`);
