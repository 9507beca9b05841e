// SPDX-License-Identifier: MIT
#include "delivery/spool/segment.h"
#include "spool_support.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace landfall;
using namespace landfall::delivery;

namespace {

record record_of(std::uint64_t number, base::octets octets) {
    record one;
    one.carrier = static_cast<std::uint16_t>(number % 2);
    one.spacecraft_id = 157;
    one.vcid = static_cast<std::uint8_t>(number % 3);
    one.receive_time = receive_start.plus_picoseconds(0, static_cast<std::int64_t>(number) * 1001);
    one.corrected = number % 2 == 1;
    one.es_n0_db = 7.25;
    one.sequence = number;
    one.octets = octets;
    return one;
}

/// Frames until a segment is full.
sealed_segment full_segment(segment_builder& builder, std::size_t size) {
    for (std::uint64_t number = 0;; ++number) {
        const auto octets = frame_octets(number, size);
        if (builder.add(record_of(number, octets), 5) != add_result::added) {
            REQUIRE(number > 0);
            CHECK(builder.due_ns() == 2'000'000'005);
            return builder.close();
        }
    }
}

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string text;
    std::array<char, 4096> block{};
    while (const std::size_t size = std::fread(block.data(), 1, block.size(), pipe.get())) {
        text.append(block.data(), size);
    }
    return text;
}

} // namespace

TEST_CASE("delivery/segment: a segment is as long as it may be, never longer, and opens") {
    const tenant_keys keys;
    for (const std::size_t most :
         {std::size_t{4096}, std::size_t{70000}, std::size_t{768} << 10U}) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{1020}}) {
            segment_config config = config_for(keys);
            config.most_octets = most;
            segment_builder builder(config, seeded(1));
            const sealed_segment made = full_segment(builder, size);
            CHECK(made.octets.size() <= most);
            CHECK(made.octets.size() + size + 1600 > most);
            CHECK(made.digest == crypto::sha256({made.octets}));
            const auto opened = crypto::open_age(made.octets, keys.identities);
            CHECK(opened.all.has_value());
            const auto summary = read_summary(made.octets);
            REQUIRE(summary);
            CHECK(*summary == made.summary);
            CHECK((most == 4096 || summary->channels.size() == 6));
            CHECK(summary->octets == summary->frames * size);
            CHECK(builder.empty());
            CHECK(!builder.due_ns());
        }
    }
}

TEST_CASE("delivery/segment: what does not fit into any segment is told, and the next one does") {
    const tenant_keys keys;
    segment_config config = config_for(keys);
    config.most_octets = 4096;
    segment_builder builder(config, seeded(1));
    const auto large = frame_octets(1, 4096);
    const auto small = frame_octets(2, 100);
    CHECK(builder.add(record_of(1, large), 0) == add_result::too_long);
    CHECK(builder.empty());
    CHECK(builder.add(record_of(2, small), 0) == add_result::added);
    CHECK(builder.add(record_of(1, large), 0) == add_result::full);
    const sealed_segment made = builder.close();
    CHECK(made.summary.frames == 1);
    CHECK(made.summary.channels.size() == 1);
    CHECK(crypto::open_age(made.octets, keys.identities).all.has_value());
}

TEST_CASE("delivery/segment: a segment has no more channels than it may") {
    const tenant_keys keys;
    segment_builder builder(config_for(keys), seeded(1));
    const auto octets = frame_octets(1, 10);
    for (std::size_t i = 0; i <= most_segment_channels; ++i) {
        record one = record_of(1, octets);
        one.spacecraft_id = static_cast<std::uint16_t>(i);
        CHECK(builder.add(one, 0) ==
              (i < most_segment_channels ? add_result::added : add_result::full));
    }
    CHECK(read_summary(builder.close().octets)->channels.size() == most_segment_channels);
}

TEST_CASE("delivery/segment: tshark reads interfaces, times, sequence and quality of every frame") {
    if (output_of("command -v tshark").empty()) {
        MESSAGE("skipped: tshark is not installed");
        return;
    }
    const tenant_keys keys;
    segment_builder builder(config_for(keys), seeded(1));
    std::ostringstream expected;
    for (std::uint64_t number = 0; number < 300; ++number) {
        const auto octets = frame_octets(number, 20 + number % 5);
        record one = record_of(number, octets);
        one.missing = number % 7 == 0 ? 3 : 0;
        one.as = number % 5 == 0 ? content::packets : content::frames;
        REQUIRE(builder.add(one, 0) == add_result::added);
        std::array<char, 64> time{};
        std::snprintf(time.data(), time.size(), "1700000000.%09llu",
                      123'456'789ULL + static_cast<unsigned long long>(number * 1001 / 1000));
        expected << (number % 2 == 0 ? "noaa20" : "metop b") << ".sc157.vc0" << number % 3
                 << (number % 5 == 0 ? ".packets" : "") << '|' << time.data() << '|'
                 << octets.size() << '|' << number << "|sequence=" << number
                 << " quality=" << (number % 2 == 1 ? "corrected" : "clean") << " es_n0_db=7.25"
                 << (number % 7 == 0 ? " missing=3" : "") << '\n';
    }
    const auto opened = crypto::open_age(builder.close().octets, keys.identities);
    REQUIRE(opened.all);
    const auto path = std::filesystem::temp_directory_path() /
                      ("landfall-segment-" + std::to_string(getpid()) + ".pcapng");
    {
        std::ofstream file(path, std::ios::binary);
        file.write(reinterpret_cast<const char*>(opened.plain.data()),
                   static_cast<std::streamsize>(opened.plain.size()));
    }
    const std::string text =
        output_of("tshark -r " + path.string() +
                  " -T fields -E separator='|' -e frame.interface_name -e frame.time_epoch "
                  "-e frame.len -e frame.packet_id -e frame.comment 2>/dev/null");
    std::filesystem::remove(path);
    const bool same = text == expected.str();
    CHECK_MESSAGE(same, text.substr(0, 300), " and ", expected.str().substr(0, 300));
}

TEST_CASE("delivery/summary: what is written is read again, names of any octets too") {
    segment_summary one;
    one.gateway = "a gateway/ü%";
    one.tenant = std::string("\0\n ", 3);
    one.contact = "";
    one.priority = 9;
    one.frames = ~std::uint64_t{0};
    one.octets = 1;
    one.first = {-5, 0};
    one.last = {4'000'000'000, 999'999'999'000};
    one.channels = {{"x y", 65535, 255, content::packets, ~std::uint64_t{0}}, {"", 0, 0, {}, 0}};
    const std::string stanza = write_summary(one);
    CHECK(stanza.size() <= most_summary_octets(one));
    const tenant_keys keys;
    crypto::age_sealer sealer(keys.recipients(), seeded(1));
    REQUIRE(sealer.begin());
    const std::string header = sealer.header(stanza);
    const std::vector<std::uint8_t> octets(header.begin(), header.end());
    const auto read = read_summary(octets);
    REQUIRE(read);
    CHECK(*read == one);
    for (std::size_t length = 0; length < octets.size(); ++length) {
        CHECK(!read_summary(base::octets(octets).first(length)));
    }
}

TEST_CASE("delivery/summary: every flipped bit of a stanza is seen or changes what it says") {
    const sealed_segment made = segment_of(1);
    const std::string text(made.octets.begin(), made.octets.end());
    const std::size_t begin = text.find("-> landfall");
    const std::size_t end = text.find("\n---");
    REQUIRE(begin < end);
    for (std::size_t bit = 8 * begin; bit < 8 * end; ++bit) {
        auto changed = made.octets;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        const auto read = read_summary(changed);
        CHECK_MESSAGE((!read || *read != made.summary), bit);
    }
}

TEST_CASE("delivery/summary: every reason is told") {
    const auto error_of = [](std::string_view stanzas) {
        const std::string text =
            "age-encryption.org/v1\n" + std::string(stanzas) + "--- " + std::string(43, 'A') + "\n";
        return read_summary(std::vector<std::uint8_t>(text.begin(), text.end())).error();
    };
    CHECK(read_summary({}).error() == summary_error::not_age);
    CHECK(error_of("-> X25519 a\n\n") == summary_error::absent);
    CHECK(error_of("-> landfall/segment v=2 x=y\n\n") == summary_error::version);
    CHECK(error_of("-> landfall/segment\n\n") == summary_error::malformed);
    CHECK(error_of("-> landfall/segment v=1 gateway=a\n\n") == summary_error::malformed);
    const std::string good = write_summary({});
    CHECK(error_of(good + good) == summary_error::absent);
    for (std::size_t i = 0; i < summary_error_count; ++i) {
        CHECK(name(static_cast<summary_error>(i)) != nullptr);
    }
}
