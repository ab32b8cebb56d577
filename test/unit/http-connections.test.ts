import assert from 'node:assert/strict';
import { networkOf } from '../../bridge/http/connections.ts';
import { suite } from '../support/suite.ts';

const test = suite('the connections of the HTTP door');

test('an address stands for whoever has it: one of IPv4, the first 64 bits of IPv6', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ] as const) {
    assert.equal(networkOf(address), network, address);
  }
});

test.run();
