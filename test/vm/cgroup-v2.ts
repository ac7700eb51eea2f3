import './harness';
import '../cgroup/limits.live.test';
import '../cgroup/core-v2.live.test';
