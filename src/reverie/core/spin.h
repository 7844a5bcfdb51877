// Waiting for a moment without going to sleep.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace reverie {

/// Waits until `condition()` holds, some 20 microseconds at most: to sleep and be woken takes
/// longer, and where work comes in small pieces the next is near.
template <class Condition>
void spin_until(const Condition& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) {
#if defined(__SSE__)
    _mm_pause();
#endif
  }
}

}  // namespace reverie
