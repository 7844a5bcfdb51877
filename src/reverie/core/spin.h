// Waiting for a moment without going to sleep.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace reverie {

/// Waits until `condition()` holds, some 10 to 20 microseconds at most: to sleep and be woken takes
/// longer, and where work comes in small pieces the next is near. `times` as long where it is less
/// near, or where another program has the core before who wakes gets it (3 ms on Linux).
template <class Condition>
void spin_until(const Condition& condition, int times = 1) {
  for (int i = 0; i < 500 * times && !condition(); ++i) {
#if defined(__SSE__)
    _mm_pause();
#endif
  }
}

}  // namespace reverie
