// Waiting for a moment without going to sleep.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace reverie {

/// Waits until `condition()` holds, for some 10 to 20 microseconds at most: sleeping and waking
/// takes longer, and when work comes in small pieces the next one is near. `times` extends the
/// wait, for work that is less near, or where another program would hold the core before a woken
/// thread gets it (3 ms on Linux).
template <class Condition>
void spin_until(const Condition& condition, int times = 1) {
  for (int i = 0; i < 500 * times && !condition(); ++i) {
#if defined(__SSE__)
    _mm_pause();
#endif
  }
}

}  // namespace reverie
