// SPDX-License-Identifier: MIT
// Any codeblock through Reed-Solomon, ours and libfec's. The input: code, basis and interleave,
// symbols of a codeword, then what is added to a codeword, octet by octet, or the block itself.
#include "base/bytes.h"
#include "dsp/fec/reed_solomon.h"
#include "tests/support/libfec_reed_solomon.h"

#include <cstdlib>
#include <vector>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    const unsigned kind = reader.u8();
    const unsigned symbols = reader.u8();
    fec::coding code;
    code.reed_solomon = (kind & 1U) != 0 ? fec::rs_code::rs239 : fec::rs_code::rs223;
    code.basis = (kind & 2U) != 0 ? fec::rs_basis::conventional : fec::rs_basis::dual;
    code.rs_interleave = 1 + (kind >> 2U & 7U);
    const auto most = static_cast<unsigned>(255 - fec::rs_parity_octets(code.reed_solomon));
    code.frame_octets = std::size_t{1 + symbols % most} * code.rs_interleave;
    fec::reed_solomon codec(code);
    const test::libfec_reed_solomon reference(code);

    std::vector<std::uint8_t> block(codec.block_octets(), static_cast<std::uint8_t>(kind));
    if ((kind & 32U) != 0) {
        codec.encode(block);
    }
    for (std::uint8_t& octet : block) {
        octet = static_cast<std::uint8_t>(octet ^ reader.u8());
    }
    std::vector<std::uint8_t> theirs = block;
    const fec::rs_outcome outcome = codec.decode(block);
    const fec::rs_outcome wanted = reference.decode(theirs);
    if (block != theirs || outcome.failed_codewords != wanted.failed_codewords ||
        outcome.corrected_symbols != wanted.corrected_symbols) {
        std::abort();
    }
    return 0;
}
