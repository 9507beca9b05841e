// SPDX-License-Identifier: MIT
#include "crypto/secret.h"

#include "crypto/start.h"

#include <sodium.h>

#include <new>

namespace landfall::crypto {

void wipe(void* at, std::size_t size) noexcept {
    sodium_memzero(at, size);
}

bool same(base::octets one, base::octets other) noexcept {
    return one.size() == other.size() && sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool all_zero(base::octets data) noexcept {
    return sodium_is_zero(data.data(), data.size()) == 1;
}

void* locked_allocate(std::size_t size) {
    // sodium_malloc needs what start() prepares; it locks as far as the limit goes.
    void* made = start() ? sodium_malloc(size) : nullptr;
    if (made == nullptr) {
        throw std::bad_alloc();
    }
    return made;
}

void locked_free(void* at) noexcept {
    sodium_free(at);
}

} // namespace landfall::crypto
