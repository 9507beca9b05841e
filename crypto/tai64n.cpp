// SPDX-License-Identifier: MIT
#include "crypto/tai64n.h"

#include "base/bytes.h"

#include <algorithm>

namespace landfall::crypto {
namespace {

// The label of 1970-01-01, with the 10 s that TAI was ahead then.
constexpr std::uint64_t epoch = 0x4000'0000'0000'000AU;
constexpr std::uint32_t step_ns = 1U << 24U;

tai64n write(std::uint64_t seconds, std::uint32_t ns) noexcept {
    tai64n made;
    for (unsigned i = 0; i < 8; ++i) {
        made.octet[i] = static_cast<std::uint8_t>(seconds >> (56U - 8U * i));
    }
    for (unsigned i = 0; i < 4; ++i) {
        made.octet[8 + i] = static_cast<std::uint8_t>(ns >> (24U - 8U * i));
    }
    return made;
}

} // namespace

tai64n tai64n::of(std::int64_t unix_ns) noexcept {
    const auto since = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ns, 0));
    return write(epoch + since / second_ns,
                 static_cast<std::uint32_t>(since % second_ns) & ~(step_ns - 1));
}

tai64n tai64n::next() const noexcept {
    base::byte_reader reader(octet);
    const std::uint64_t seconds = reader.u64();
    const std::uint32_t ns = reader.u32() & ~(step_ns - 1);
    return ns + step_ns < second_ns ? write(seconds, ns + step_ns) : write(seconds + 1, 0);
}

} // namespace landfall::crypto
