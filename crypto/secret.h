// SPDX-License-Identifier: MIT
// Secrets: locked into memory and left out of core dumps where the system allows it, wiped when
// they go, compared in constant time.
#pragma once

#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace landfall::crypto {

/// Not optimised away.
void wipe(void* at, std::size_t size) noexcept;
/// In constant time for a given length. Different lengths are different.
[[nodiscard]] bool same(base::octets one, base::octets other) noexcept;
[[nodiscard]] bool all_zero(base::octets data) noexcept;

/// Between guard pages, locked where the limit allows it, not dumped. Throws std::bad_alloc.
[[nodiscard]] void* locked_allocate(std::size_t size);
/// Wipes first.
void locked_free(void* at) noexcept;

/// Octets on the stack, wiped when they leave it.
template <std::size_t N>
struct wiped : std::array<std::uint8_t, N> {
    wiped() noexcept : std::array<std::uint8_t, N>{} {}
    wiped(const wiped&) = delete;
    wiped& operator=(const wiped&) = delete;
    ~wiped() { wipe(this->data(), N); }
};

/// Some plain objects in locked memory, zero at first.
template <class T>
    requires(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>)
class locked_array {
  public:
    locked_array() = default;
    explicit locked_array(std::size_t count)
        : objects_(new(locked_allocate(count * sizeof(T))) T[count]{}), count_(count) {}

    T& operator[](std::size_t at) noexcept {
        assert(at < count_);
        return objects_.get()[at];
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

  private:
    struct release {
        void operator()(T* at) const noexcept { locked_free(at); }
    };
    std::unique_ptr<T, release> objects_;
    std::size_t count_ = 0;
};

/// N secret octets, zero at first. What was moved from may only be assigned to or destroyed.
template <std::size_t N>
class secret {
  public:
    secret() : octets_(1) {}
    [[nodiscard]] static secret copy_of(std::span<const std::uint8_t, N> from) {
        secret made;
        std::copy(from.begin(), from.end(), made.bytes().begin());
        return made;
    }
    secret(const secret&) = delete;
    secret& operator=(const secret&) = delete;
    secret(secret&&) noexcept = default;
    secret& operator=(secret&&) noexcept = default;
    ~secret() = default;

    [[nodiscard]] std::span<std::uint8_t, N> bytes() noexcept { return octets_[0]; }
    [[nodiscard]] std::span<const std::uint8_t, N> bytes() const noexcept { return octets_[0]; }
    [[nodiscard]] bool zero() const noexcept { return all_zero(bytes()); }
    friend bool operator==(const secret& one, const secret& other) noexcept {
        return same(one.bytes(), other.bytes());
    }

  private:
    mutable locked_array<std::array<std::uint8_t, N>> octets_;
};

} // namespace landfall::crypto
