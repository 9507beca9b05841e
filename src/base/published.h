// SPDX-License-Identifier: MIT
// A plain struct that one thread rewrites and others copy whole, without holding the writer up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace landfall::base {

/// A sequence lock: the writer never waits; a reader that was overtaken copies again.
template <class T>
    requires std::is_trivially_copyable_v<T>
class published {
  public:
    /// For the one owner.
    void set(const T& value) noexcept {
        std::array<std::uint64_t, words> copy{};
        std::memcpy(copy.data(), &value, sizeof(T));
        const std::uint64_t version = version_.load(std::memory_order_relaxed);
        version_.store(version + 1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_release);
        for (std::size_t i = 0; i < words; ++i) {
            words_[i].store(copy[i], std::memory_order_relaxed);
        }
        version_.store(version + 2, std::memory_order_release);
    }

    /// For anyone. Before the first `set`, all zeros.
    [[nodiscard]] T value() const noexcept {
        std::array<std::uint64_t, words> copy;
        for (;;) {
            const std::uint64_t before = version_.load(std::memory_order_acquire);
            for (std::size_t i = 0; i < words; ++i) {
                copy[i] = words_[i].load(std::memory_order_relaxed);
            }
            std::atomic_thread_fence(std::memory_order_acquire);
            if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) {
                break;
            }
        }
        T value;
        std::memcpy(static_cast<void*>(&value), copy.data(), sizeof(T));
        return value;
    }

  private:
    static constexpr std::size_t words = (sizeof(T) + 7) / 8;

    std::atomic<std::uint64_t> version_{0};
    std::array<std::atomic<std::uint64_t>, words> words_{};
};

} // namespace landfall::base
