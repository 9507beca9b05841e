// SPDX-License-Identifier: MIT
// Broken on purpose: reads past its memory, on inputs that only a fuzzer guided by coverage finds.
// canary_test.sh expects the crash.
#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4 || data[0] != 'P' || data[1] != 'A' || data[2] != 'S' || data[3] != 'S') {
        return 0;
    }
    const std::vector<std::uint8_t> octets(data, data + size);
    const volatile std::uint8_t past_the_end = octets.data()[size]; // NOLINT
    return static_cast<int>(past_the_end & 0U);
}
