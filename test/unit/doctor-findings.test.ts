import assert from 'node:assert/strict';
import { NatsError, type StreamInfo } from 'nats';
import { examine } from '../../bridge/doctor/finding.ts';
import { copies } from '../../bridge/doctor/records.ts';
import { suite } from '../support/suite.ts';

const test = suite('findings of doctor');

test('a NATS that has no leader is no surprise', async () => {
  const [finding] = await examine('streams', 'run it again', () => Promise.reject(new NatsError('503', '503')));
  assert.equal(finding?.level, 'fail');
  assert.match(finding.text, /^nats\.unavailable: .*does its cluster have a leader\?/);
});

test('streams with fewer copies than nats_replicas says are told, each with how to change it', () => {
  const of = (name: string, num_replicas: number) => ({ config: { name, num_replicas } }) as StreamInfo;
  const streams = [of('JOURNAL_0', 1), of('MAIL', 3), of('TOPIC_overdue', 1), of('KV_SCHEDULES', 3), of('THEIRS', 1)];
  assert.deepEqual(
    copies(streams, 3).map(({ text, remedy }) => [text, remedy]),
    [
      ['JOURNAL_0 has 1 replica since it was made, and nats_replicas is 3', 'nats stream edit JOURNAL_0 --replicas 3'],
      [
        'TOPIC_overdue has 1 replica since it was made, and nats_replicas is 3',
        'nats stream edit TOPIC_overdue --replicas 3',
      ],
    ],
  );
});

test.run();
