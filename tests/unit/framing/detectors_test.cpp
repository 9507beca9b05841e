// SPDX-License-Identifier: MIT
#include "dsp/fec/crc.h"
#include "framing/aos.h"
#include "framing/detectors.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::framing;

namespace {

octet_vector with_fecf(octet_vector octets) {
    const std::uint16_t check = fec::crc16(octets);
    octets.push_back(static_cast<std::uint8_t>(check >> 8U));
    octets.push_back(static_cast<std::uint8_t>(check));
    return octets;
}

const octet_vector fitting = with_fecf(counting_octets(30));
const octet_vector misfit = counting_octets(32);

} // namespace

TEST_CASE("framing/detectors: the first frame that fits decides for the error control field") {
    fecf_detector detector(error_control::automatic, frame_format::tm);
    CHECK_FALSE(detector.octets().has_value());
    CHECK_FALSE(detector.observe(misfit, true).fits);
    CHECK_FALSE(detector.octets().has_value());
    CHECK(detector.observe(fitting, true).fits);
    CHECK(detector.octets() == 2U);
    CHECK_FALSE(detector.observe(misfit, false).fits);
    CHECK(detector.octets() == 2U);
}

TEST_CASE("framing/detectors: four frames that do not fit decide against it") {
    fecf_detector detector(error_control::automatic, frame_format::tm);
    for (int i = 0; i < 4; ++i) {
        CHECK_FALSE(detector.octets().has_value());
        detector.observe(misfit, true);
    }
    CHECK(detector.octets() == 0U);
    detector.observe(fitting, true);
    CHECK(detector.octets() == 0U);
}

TEST_CASE("framing/detectors: a decision by chance is undone") {
    fecf_detector detector(error_control::automatic, frame_format::tm);
    detector.observe(fitting, true);
    for (int i = 0; i < 100; ++i) {
        detector.observe(misfit, false); // noise says nothing
    }
    CHECK(detector.octets() == 2U);
    for (int i = 0; i < 8; ++i) {
        detector.observe(misfit, true);
    }
    CHECK(detector.octets() == 0U);
    for (int i = 0; i < 3; ++i) {
        CHECK(detector.octets() == 0U);
        detector.observe(fitting, true);
    }
    CHECK(detector.octets() == 2U);
}

TEST_CASE("framing/detectors: what the mission says about the error control field stays") {
    fecf_detector present(error_control::present, frame_format::tm);
    fecf_detector absent(error_control::absent, frame_format::tm);
    for (int i = 0; i < 20; ++i) {
        present.observe(misfit, true);
        absent.observe(fitting, true);
    }
    CHECK(present.octets() == 2U);
    CHECK(absent.octets() == 0U);
}

TEST_CASE("framing/detectors: USLP's 32-bit error control field is told from the 16-bit one") {
    octet_vector octets = from_hex("c002a000000e00e0aabbcc");
    const std::uint32_t check = crc32(octets);
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        octets.push_back(static_cast<std::uint8_t>(check >> (shift - 8)));
    }
    fecf_detector any(error_control::automatic, frame_format::automatic);
    CHECK(any.observe(octets, false).octets == 4);
    CHECK(any.octets() == 4U);
    fecf_detector present(error_control::present, frame_format::uslp);
    CHECK(present.observe(octets, false).fits);
    CHECK(present.octets() == 4U);
    fecf_detector tm(error_control::automatic, frame_format::tm);
    CHECK_FALSE(tm.observe(octets, false).fits);
}

TEST_CASE("framing/detectors: one damaged version number makes no phantom") {
    const octet_vector tm{0x00};
    const octet_vector aos{0x40};
    const octet_vector uslp{0xC0};
    version_detector detector(frame_format::automatic);
    for (int i = 0; i < 3; ++i) {
        CHECK(detector.observe(aos, false) == frame_format::aos);
    }
    CHECK(detector.observe(tm, false).error() == frame_error::unlikely_version);
    CHECK(detector.observe(uslp, false).error() == frame_error::unlikely_version);
    CHECK(detector.observe(tm, true) == frame_format::tm);
    CHECK(detector.observe(aos, false) == frame_format::aos);
    CHECK(detector.observe(tm, false).error() == frame_error::unlikely_version);
    CHECK(detector.observe(tm, false).error() == frame_error::unlikely_version);
    CHECK(detector.observe(tm, false) == frame_format::tm);
    CHECK(detector.observe(aos, false).error() == frame_error::unlikely_version);
}

TEST_CASE("framing/detectors: versions of no format, or of another, are refused") {
    version_detector any(frame_format::automatic);
    CHECK(any.observe(octet_vector{0x80}, true).error() == frame_error::wrong_version);
    CHECK(any.observe(octet_vector{0xD0}, true).error() == frame_error::wrong_version);
    CHECK(any.observe(octet_vector{}, true).error() == frame_error::too_short);
    version_detector tm(frame_format::tm);
    CHECK(tm.observe(octet_vector{0x40}, true).error() == frame_error::wrong_version);
    CHECK(tm.observe(octet_vector{0x00}, true) == frame_format::tm);
}

TEST_CASE("framing/detectors: header error control is used where it fits more often than not") {
    octet_vector header = from_hex("6aea00010243ce8e");
    const octet_vector plain = from_hex("6aea000102430000");
    header_control_detector detector(error_control::automatic);
    CHECK(detector.observe(header));
    CHECK(detector.observe(header));
    CHECK(detector.observe(plain));
    CHECK_FALSE(detector.observe(plain));
    CHECK_FALSE(detector.observe(plain));
    CHECK_FALSE(detector.observe(header));
    CHECK_FALSE(detector.observe(from_hex("6aea")));
    CHECK(header_control_detector(error_control::present).observe(plain));
    CHECK_FALSE(header_control_detector(error_control::absent).observe(header));
}
