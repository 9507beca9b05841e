// SPDX-License-Identifier: MIT
// Octets, read and written in network byte order (big-endian), never past the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace landfall::base {

using octets = std::span<const std::uint8_t>;

/// Asks the caches for what is read soon.
inline void prefetch(octets data) noexcept {
    constexpr std::size_t line_octets = 64;
    for (std::size_t at = 0; at < data.size(); at += line_octets) {
        __builtin_prefetch(&data[at]);
    }
}

/// Reads big-endian values from a span. A read past the end returns zero and latches `failed()`;
/// every later read then returns zero as well, so that a parser may check once.
class byte_reader {
  public:
    explicit byte_reader(octets data) noexcept : data_(data) {}

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(get(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(get(2)); }
    std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(get(3)); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(get(4)); }
    std::uint64_t u64() noexcept { return get(8); }
    void skip(std::size_t count) noexcept { take(count); }

    /// The next `count` octets; an empty span (and `failed()`) when there are fewer.
    octets take(std::size_t count) noexcept {
        if (failed_ || count > data_.size() - at_) {
            failed_ = true;
            return {};
        }
        const octets taken = data_.subspan(at_, count);
        at_ += count;
        return taken;
    }
    octets rest() noexcept { return take(remaining()); }

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] std::size_t position() const noexcept { return at_; }
    [[nodiscard]] std::size_t remaining() const noexcept {
        return failed_ ? 0 : data_.size() - at_;
    }

  private:
    std::uint64_t get(std::size_t count) noexcept {
        std::uint64_t value = 0;
        for (const std::uint8_t octet : take(count)) {
            value = value << 8U | octet;
        }
        return value;
    }

    octets data_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

/// Appends big-endian values to a vector.
class byte_writer {
  public:
    explicit byte_writer(std::vector<std::uint8_t>& out) noexcept : out_(out) {}

    void u8(std::uint8_t value) { put(value, 1); }
    void u16(std::uint16_t value) { put(value, 2); }
    void u24(std::uint32_t value) { put(value, 3); }
    void u32(std::uint32_t value) { put(value, 4); }
    void u64(std::uint64_t value) { put(value, 8); }
    void append(octets data) { out_.insert(out_.end(), data.begin(), data.end()); }

  private:
    void put(std::uint64_t value, unsigned count) {
        for (unsigned i = count; i-- > 0;) {
            out_.push_back(static_cast<std::uint8_t>(value >> (8U * i)));
        }
    }

    std::vector<std::uint8_t>& out_;
};

} // namespace landfall::base
