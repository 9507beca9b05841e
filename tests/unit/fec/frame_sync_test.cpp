// SPDX-License-Identifier: MIT
// Frame synchronisation on plain bits (no convolutional code).
#include "channel.h"
#include "dsp/fec/crc.h"
#include "dsp/fec/frame_sync.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::fec;
using fec::test::modem;
using fec::test::octet_list;
using fec::test::reception;
using fec::test::transmission;

namespace {

constexpr modem bpsk{1, false};

coding plain_code(rs_code kind, std::size_t octets) {
    coding code;
    code.convolutional = code_rate::none;
    code.reed_solomon = kind;
    code.rs_interleave = 1;
    code.frame_octets = octets;
    return code;
}

std::size_t marker_place(const transmission& sent, const coding& code, std::size_t frame) {
    return static_cast<std::size_t>(sent.first_soft[frame]) - code.marker.bits;
}

void ruin(transmission& sent, std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
        sent.soft[i] = sent.random.bit() ? 32 : -32;
    }
}

/// Frames whose last two octets are their CRC, in a transmission made anew.
transmission with_crc(const coding& code, std::size_t count) {
    transmission sent(code, bpsk, 0, 100);
    stream_encoder encoder(code, 1, 5);
    octet_list bits;
    encoder.idle(200, bits);
    for (std::size_t i = 0; i < count; ++i) {
        octet_list frame = test::random_octets(code.frame_octets - 2, sent.random);
        const std::uint16_t crc = crc16(frame);
        frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
        frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
        encoder.frame(frame, bits);
        sent.frames.push_back(frame);
        sent.first_soft.push_back(static_cast<std::int64_t>(bits.size() - 8 * frame.size()));
    }
    sent.soft.clear();
    for (const std::uint8_t bit : bits) {
        sent.soft.push_back(bit != 0 ? -32 : 32);
    }
    return sent;
}

reception run(stream_decoder& decoder, std::span<const std::int8_t> soft) {
    reception got;
    decoder.push(soft, got.sink());
    decoder.flush(got.sink());
    return got;
}

} // namespace

TEST_CASE("fec/frame_sync: frames with a destroyed marker come back, the first and the last too") {
    for (const std::size_t frame : {0U, 1U, 4U, 7U}) {
        const coding code = plain_code(rs_code::rs223, 100);
        transmission sent(code, bpsk, 8, 130, 3 + frame);
        ruin(sent, marker_place(sent, code, frame), 32);
        const reception got = test::receive(code, bpsk, sent.soft);
        CHECK(got.matches(sent) == 8);
        CHECK(got.items.size() == 8);
        CHECK(got.in_place(sent));
        CHECK(got.items[frame].frame.marker_errors > 5);
    }
}

TEST_CASE(
    "fec/frame_sync: a stream that begins within a marker, or ends with its frame, loses none") {
    const coding code = plain_code(rs_code::rs223, 100);
    transmission sent(code, bpsk, 5, 0, 9);
    sent.lose_start(20);
    sent.soft.resize(static_cast<std::size_t>(sent.first_soft[4]) + 8 * codeblock_octets(code));
    const reception got = test::receive(code, bpsk, sent.soft);
    CHECK(got.matches(sent) == 5);
    CHECK(got.in_place(sent));
    CHECK(got.items.back().frame.end_soft_bit == static_cast<std::int64_t>(sent.soft.size()));
}

TEST_CASE("fec/frame_sync: a single frame is enough where something verifies it") {
    const coding code = plain_code(rs_code::rs223, 100);
    transmission sent(code, bpsk, 1, 777, 10);
    CHECK(test::receive(code, bpsk, sent.soft).matches(sent) == 1);
}

TEST_CASE(
    "fec/frame_sync: an undecodable frame between good ones is bad, with its octets as received") {
    coding code = plain_code(rs_code::rs223, 100);
    code.pseudo_random = randomizer::none;
    transmission sent(code, bpsk, 6, 130, 11);
    ruin(sent, static_cast<std::size_t>(sent.first_soft[2]), 8 * 80);
    ruin(sent, static_cast<std::size_t>(sent.first_soft[5]), 8 * 80);
    stream_decoder decoder(code, 1, false);
    const reception got = run(decoder, sent.soft);
    CHECK(got.matches(sent) == 4);
    CHECK(got.bad() == 2);
    CHECK(got.in_place(sent));
    CHECK(decoder.statistics().bad_frames == 2);
    CHECK(decoder.statistics().good_frames == 4);
    REQUIRE(got.items.size() == 6);
    const reception::item& bad = got.items[2];
    CHECK_FALSE(bad.frame.decodable);
    CHECK(bad.frame.first_soft_bit == sent.first_soft[2]);
    CHECK(std::equal(bad.octets.begin() + 80, bad.octets.end(), sent.frames[2].begin() + 80));
}

TEST_CASE("fec/frame_sync: corrected symbols and frames are counted") {
    const coding code = plain_code(rs_code::rs223, 100);
    transmission sent(code, bpsk, 4, 10, 12);
    for (const std::size_t octet : {0U, 50U, 131U}) {
        const std::size_t bit = static_cast<std::size_t>(sent.first_soft[1]) + 8 * octet + 3;
        sent.soft[bit] = static_cast<std::int8_t>(-sent.soft[bit]);
    }
    stream_decoder decoder(code, 1, false);
    const reception got = run(decoder, sent.soft);
    CHECK(got.matches(sent) == 4);
    CHECK(got.items[1].frame.corrected_symbols == 3);
    CHECK(decoder.statistics().corrected_frames == 1);
    CHECK(decoder.statistics().corrected_symbols == 3);
}

TEST_CASE(
    "fec/frame_sync: slips of some bits, and a turned polarity, cost at most the frame they hit") {
    for (const int slip : {-31, -8, -1, 1, 2, 8, 31}) {
        for (const double where : {0.02, 0.5, 0.97}) {
            const coding code = plain_code(rs_code::rs223, 100);
            transmission sent(code, bpsk, 9, 50, 13);
            const auto at = sent.soft.begin() + sent.first_soft[4] +
                            static_cast<std::ptrdiff_t>(where * 8 * 132);
            if (slip < 0) {
                sent.soft.erase(at, at - slip);
            } else {
                sent.soft.insert(at, static_cast<std::size_t>(slip), 32);
            }
            sent.invert(static_cast<std::size_t>(sent.first_soft[6]) + 700);
            const reception got = test::receive(code, bpsk, sent.soft);
            CAPTURE(slip);
            CAPTURE(where);
            CHECK(got.matches(sent) >= 7);
            CHECK(got.matches(sent) + got.bad() == 9);
        }
    }
}

TEST_CASE("fec/frame_sync: false markers within frames mislead nobody") {
    const coding code = plain_code(rs_code::none, 200);
    for (const bool crc : {false, true}) {
        coding bare = code;
        bare.pseudo_random = randomizer::none;
        stream_encoder encoder(bare, 1);
        base::random_source random(14);
        octet_list bits;
        std::vector<octet_list> frames;
        encoder.idle(500, bits);
        for (std::size_t i = 0; i < 8; ++i) {
            octet_list frame = test::random_octets(198, random);
            constexpr std::array<std::uint8_t, 4> marker{0x1A, 0xCF, 0xFC, 0x1D};
            std::ranges::copy(marker, frame.begin() + static_cast<std::ptrdiff_t>(20 + 17 * i));
            const std::uint16_t check = crc16(frame);
            frame.push_back(static_cast<std::uint8_t>(check >> 8U));
            frame.push_back(static_cast<std::uint8_t>(check & 0xFFU));
            encoder.frame(frame, bits);
            frames.push_back(frame);
        }
        encoder.flush(bits);
        std::vector<std::int8_t> soft;
        for (const std::uint8_t bit : bits) {
            soft.push_back(bit != 0 ? -1 : 1);
        }
        stream_decoder decoder(bare, 1, false, crc);
        const reception got = run(decoder, soft);
        REQUIRE(got.items.size() == 8);
        for (std::size_t i = 0; i < 8; ++i) {
            CHECK(got.items[i].octets == frames[i]);
        }
    }
}

TEST_CASE("fec/frame_sync: without anything to verify, two markers make frames, one does not") {
    const coding code = plain_code(rs_code::none, 200);
    for (const std::size_t count : {1U, 2U, 9U}) {
        transmission sent(code, bpsk, count, 400, 15 + count);
        sent.add_noise(9);
        const reception got = test::receive(code, bpsk, sent.soft);
        CHECK(got.items.size() == (count == 1 ? 0 : count));
        CHECK((count == 1 || got.in_place(sent) || got.matches(sent) >= 1000));
    }
}

TEST_CASE("fec/frame_sync: unverified frames with a bad marker between good ones are kept") {
    const coding code = plain_code(rs_code::none, 200);
    transmission sent(code, bpsk, 9, 400, 25);
    ruin(sent, marker_place(sent, code, 4), 32);
    sent.soft.erase(sent.soft.begin() + sent.first_soft[6] + 300);
    const reception got = test::receive(code, bpsk, sent.soft);
    CHECK(got.items.size() == 9);
    CHECK(got.items[4].octets == sent.frames[4]);
    CHECK(got.items[7].octets == sent.frames[7]);
    CHECK(got.items[8].octets == sent.frames[8]);
}

TEST_CASE("fec/frame_sync: a CRC that fails makes a frame bad") {
    const coding code = plain_code(rs_code::none, 120);
    transmission sent = with_crc(code, 6);
    sent.soft[static_cast<std::size_t>(sent.first_soft[3]) + 500] ^= 0x7F;
    const std::size_t flipped = static_cast<std::size_t>(sent.first_soft[3]) + 500;
    sent.soft[flipped] = static_cast<std::int8_t>(sent.soft[flipped] < 0 ? 32 : -32);
    stream_decoder decoder(code, 1, false, true);
    const reception got = run(decoder, sent.soft);
    CHECK(got.items.size() == 6);
    CHECK(got.matches(sent) + got.bad() == 6);
}

TEST_CASE("fec/frame_sync: markers of any length are found") {
    for (const sync_marker marker :
         {sync_marker{0x1A, 8}, sync_marker{0xEB90, 16}, sync_marker{0xFAF320, 24},
          sync_marker{0x352EF853, 32}, sync_marker{0x034776C7272895B0, 64}}) {
        for (const rs_code kind : {rs_code::rs223, rs_code::none}) {
            coding code = plain_code(kind, 100);
            code.marker = marker;
            transmission sent(code, bpsk, 9, 300, 33);
            const reception got = test::receive(code, bpsk, sent.soft);
            CAPTURE(marker.bits);
            CHECK(got.matches(sent) == 9);
            CHECK(got.items.size() == 9);
        }
    }
}

TEST_CASE("fec/frame_sync: lock is lost after some frame lengths of noise and found again") {
    const coding code = plain_code(rs_code::rs223, 223);
    transmission sent(code, bpsk, 8, 0, 35);
    const std::size_t from = static_cast<std::size_t>(sent.first_soft[4]) - 32;
    std::vector<std::int8_t> noise(20'000);
    for (std::int8_t& value : noise) {
        value = sent.random.bit() ? 20 : -20;
    }
    sent.soft.insert(sent.soft.begin() + static_cast<std::ptrdiff_t>(from), noise.begin(),
                     noise.end());
    stream_decoder decoder(code, 1, false);
    reception got;
    decoder.push(std::span(sent.soft).first(from + noise.size()), got.sink());
    CHECK_FALSE(decoder.locked());
    CHECK(decoder.statistics().sync_losses == 1);
    decoder.push(std::span(sent.soft).subspan(from + noise.size()), got.sink());
    CHECK(decoder.locked());
    decoder.flush(got.sink());
    CHECK(got.matches(sent) == 8);
    CHECK(got.bad() == 0);
}
