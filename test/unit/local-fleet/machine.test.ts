import { describe, expect, test } from '@jest/globals';
import { explainRefusal } from '../../../local/fleet/sandbox-trial.ts';
import { type MachineFacts, planMachine } from '../../../local/machine.ts';

const debian = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n';
const ubuntu = 'ID=ubuntu\nID_LIKE=debian\n';
const complete: MachineFacts = {
  platform: 'linux',
  root: true,
  osRelease: debian,
  missing: [],
  bashVersion: 'GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)',
};

const messageOf = (facts: MachineFacts): string => {
  const plan = planMachine(facts);
  return plan.kind === 'refuse' ? plan.message : plan.kind;
};

describe('what the machine must have', () => {
  test('a complete one is ready', () => {
    expect(planMachine(complete)).toEqual({ kind: 'ready' });
    expect(planMachine({ ...complete, root: false, osRelease: '' })).toEqual({ kind: 'ready' });
  });

  test('root on Debian or Ubuntu gets what is missing, each package once', () => {
    for (const osRelease of [debian, ubuntu]) {
      expect(planMachine({ ...complete, osRelease, missing: ['bwrap', 'tar', 'flock', 'findmnt'] })).toEqual({
        kind: 'install',
        packages: ['bubblewrap', 'tar', 'util-linux'],
      });
    }
  });

  test.each([
    [ubuntu, 'sudo apt-get update && sudo apt-get install -y bubblewrap tar'],
    ['ID="amzn"\nID_LIKE="fedora"\n', 'sudo dnf install -y bubblewrap tar'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'sudo dnf install -y bubblewrap tar'],
    ['ID=manjaro\nID_LIKE=arch\n', 'sudo pacman -S --needed --noconfirm bubblewrap tar'],
    ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', 'sudo zypper --non-interactive install bubblewrap tar'],
  ])('a user is told the one command that installs it (%j)', (osRelease, command) => {
    const message = messageOf({ ...complete, root: false, osRelease, missing: ['bwrap', 'tar'] });
    expect(message).toBe(`Missing on this machine: bwrap, tar. Install with: ${command}`);
  });

  test('root elsewhere is told the command without sudo, a stranger the packages', () => {
    expect(messageOf({ ...complete, osRelease: 'ID=fedora\n', missing: ['bwrap'] })).toContain(
      'Install with: dnf install -y bubblewrap',
    );
    expect(messageOf({ ...complete, osRelease: 'ID=plan9\n', missing: ['bwrap'] })).toBe(
      'Missing on this machine: bwrap. Install the packages bubblewrap.',
    );
  });

  test('an old bash is named', () => {
    expect(messageOf({ ...complete, bashVersion: 'GNU bash, version 4.3.48(1)-release' })).toContain(
      '4.3.48',
    );
    expect(planMachine({ ...complete, bashVersion: 'GNU bash, version 4.4.20(1)-release' }).kind).toBe(
      'ready',
    );
  });

  test.each([
    ['darwin', /this is macOS.*virtual machine/],
    ['win32', /this is Windows.*WSL2/],
    ['freebsd', /this is freebsd/],
  ])('%s is told that Linux is needed, and how to get one', (platform, words) => {
    expect(messageOf({ ...complete, platform })).toMatch(words);
  });
});

describe('a machine that refuses sandboxes', () => {
  const refusal = {
    message: 'bwrap: setting up uid map: Permission denied',
    missing: false,
    root: false,
    settings: {},
  };

  test.each([
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['user.max_user_namespaces', '0', '15000'],
  ])('%s is named with the command that changes it', (name, refusing, allowing) => {
    const message = explainRefusal({ ...refusal, settings: { [name]: refusing } });
    expect(message).toContain(`sudo sysctl -w ${name}=${allowing}`);
    expect(message).toContain(refusal.message);
    expect(explainRefusal({ ...refusal, settings: { [name]: allowing } })).not.toContain('sysctl');
  });

  test('root in a container is told how to start the container', () => {
    expect(explainRefusal({ ...refusal, root: true })).toContain('docker run --privileged');
  });

  test('a missing program is told as such', () => {
    expect(explainRefusal({ ...refusal, missing: true })).toContain('install -y bubblewrap');
  });
});
