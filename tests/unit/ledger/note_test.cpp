// SPDX-License-Identifier: MIT
#include "delivery/ledger/lines.h"
#include "delivery/ledger/minisign.h"
#include "delivery/ledger/note.h"
#include "delivery/ledger/proof.h"
#include "support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace landfall;
using namespace landfall::delivery::ledger;

namespace {

constexpr const char* text_of_neumann = "If you think cryptography is the answer to your problem,\n"
                                        "then you don't know what your problem is.\n";
constexpr const char* verifier_of_neumann =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const std::string note_of_neumann =
    std::string(text_of_neumann) +
    "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n";

crypto::signing_key key_of_neumann() {
    const auto octets = crypto::parse_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
    crypto::secret<32> seed;
    std::copy(octets->begin() + 1, octets->end(), seed.bytes().begin());
    return crypto::signing_key(seed);
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    return text.replace(text.find(what), what.size(), with);
}

} // namespace

TEST_CASE("ledger/note: the note of sumdb's documentation is read, and signed the same") {
    const auto key = parse_verifier(verifier_of_neumann);
    REQUIRE(key);
    CHECK(key->name == "PeterNeumann");
    CHECK(key_id(key->name, key->octets) == 0xc74f20a3);
    CHECK(verifier_text(*key) == verifier_of_neumann);
    CHECK(key_of_neumann().public_key() == key->octets);
    CHECK(sign_note(text_of_neumann, "PeterNeumann", key_of_neumann()) == note_of_neumann);
    const auto note = parse_note(note_of_neumann);
    REQUIRE(note);
    CHECK(note->text == text_of_neumann);
    CHECK(check_note(*note, *key));
    CHECK(check_note(*note, {"", key->octets}));
    CHECK(check_note(*note, {"Another", key->octets}).error() == note_error::unknown_key);
}

TEST_CASE("ledger/note: the specification's example is good") {
    const auto key =
        parse_verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    REQUIRE(key);
    const std::string note = "This is an example message.\n\n\u2014 example.com/foo "
                             "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
                             "mFXmRKuwHjG1Yu72IneyaQM=\n";
    CHECK(check_note(*parse_note(note), *key));
}

TEST_CASE("ledger/note: a checkpoint is what was signed; every cut and every flipped bit is not") {
    const auto key = test::key_of(7);
    const note_key verifier{"svalbard-1", key.public_key()};
    const checkpoint state{"svalbard-1/1795521600", {20'852'163, leaf_hash({})}};
    const std::string note = sign_checkpoint(state, verifier.name, key);
    CHECK(open_checkpoint(note, verifier) == state);
    for (std::size_t cut = 0; cut < note.size(); ++cut) {
        CHECK_FALSE(open_checkpoint(note.substr(0, cut), verifier));
    }
    for (std::size_t bit = 0; bit < 8 * note.size(); ++bit) {
        std::string other = note;
        other[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(other[bit / 8]) ^ 1U << bit % 8);
        const auto opened = open_checkpoint(other, verifier);
        CHECK_FALSE(opened);
        CHECK(name(opened.error()) != nullptr);
    }
    CHECK(open_checkpoint(note, {"svalbard-1", test::key_of(8).public_key()}).error() ==
          note_error::unknown_key);
}

TEST_CASE("ledger/note: signatures of unknown keys do not matter, a wrong one of the known does") {
    const auto key = test::key_of(7);
    const note_key verifier{"a", key.public_key()};
    const std::string text = "origin\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    const std::string own = sign_note(text, "a", key).substr(text.size() + 1);
    const std::string other = sign_note(text, "w", test::key_of(9)).substr(text.size() + 1);
    CHECK(open_checkpoint(text + "\n" + other + own + other, verifier));
    CHECK(open_checkpoint(text + "\n" + other, verifier).error() == note_error::unknown_key);
    std::string many = text + "\n";
    for (std::size_t i = 1; i < most_note_signatures; ++i) {
        many += other;
    }
    CHECK(open_checkpoint(many + own, verifier));
    CHECK(open_checkpoint(many + own + own, verifier).error() == note_error::signature);
    const std::string wrong = replaced(text, "origin", "another");
    CHECK(open_checkpoint(wrong + "\n" + own, verifier).error() == note_error::bad_signature);
    CHECK(open_checkpoint(std::string(most_note_octets + 1, 'a'), verifier).error() ==
          note_error::too_long);
}

TEST_CASE("ledger/note: texts that are no checkpoint") {
    const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    CHECK(parse_checkpoint("o\n0\n" + root));
    CHECK(parse_checkpoint("o\n18446744073709551615\n" + root));
    CHECK(parse_checkpoint("o\n1\n" + root + "more\n"));
    CHECK(parse_checkpoint("\n1\n" + root).error() == note_error::origin);
    for (const char* size : {"", "01", "-1", "+1", "1 ", "0x1", "18446744073709551616"}) {
        CHECK(parse_checkpoint(std::string("o\n") + size + "\n" + root).error() ==
              note_error::size);
    }
    CHECK(parse_checkpoint("o\n1\n" + root.substr(4)).error() == note_error::root);
    CHECK(parse_checkpoint("o\n0\nAAAAQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").error() ==
          note_error::root);
    CHECK(parse_checkpoint("o\n1\n" + root + "\nmore\n").error() == note_error::extension);
    CHECK(parse_checkpoint("o\n1\n" + root + "more").error() == note_error::extension);
}

TEST_CASE("ledger/note: names and notes of characters that they may not have") {
    for (const char* bad :
         {"", "a b", "a+b", "a\tb", "a\nb", "a\u00A0b", "\u3000", "\xff", "\x7f\x80"}) {
        CHECK_FALSE(is_key_name(bad));
    }
    CHECK(is_key_name("svalbard-1/\u00e9"));
    for (const char* bad :
         {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\r", "\x01"}) {
        CHECK(parse_note(std::string(bad) + note_of_neumann).error() == note_error::characters);
    }
    CHECK(parse_note("\u00e9\u20ac\U0001F6F0" + note_of_neumann));
    for (const char* bad : {"", "a\n", "a\n\n", "a\n\nb\n", "\n\n\u2014 a AAAAAAAA"}) {
        CHECK_FALSE(parse_note(bad));
    }
    CHECK(parse_verifier(replaced(verifier_of_neumann, "c74f20a3", "c74f20a4")).error() ==
          note_error::key);
    CHECK(parse_verifier(replaced(verifier_of_neumann, "c74f", "C74F")).error() == note_error::key);
    CHECK(parse_verifier(replaced(verifier_of_neumann, "+ARp", "+Ahp")).error() == note_error::key);
}

TEST_CASE("ledger/minisign: what was signed is good; every cut and every flipped bit is not") {
    const auto key = test::key_of(3);
    const std::string content = "origin\n1\n";
    const std::string signature = minisign_signature(key, octets_of(content), "of today");
    CHECK(check_minisign(signature, octets_of(content), key.public_key()));
    CHECK(check_minisign(signature, octets_of("origin\n2\n"), key.public_key()).error() ==
          minisign_error::content);
    CHECK(check_minisign(signature, octets_of(content), test::key_of(4).public_key()).error() ==
          minisign_error::key);
    CHECK(check_minisign(replaced(signature, "of today", "of today,"), octets_of(content),
                         key.public_key())
              .error() == minisign_error::comment);
    for (std::size_t cut = 0; cut < signature.size(); ++cut) {
        CHECK_FALSE(check_minisign(signature.substr(0, cut), octets_of(content), key.public_key()));
    }
    const std::size_t told = signature.find('\n'); // the first line is not to be trusted
    for (std::size_t bit = 8 * told; bit < 8 * signature.size(); ++bit) {
        std::string other = signature;
        other[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(other[bit / 8]) ^ 1U << bit % 8);
        CHECK_FALSE(check_minisign(other, octets_of(content), key.public_key()));
    }
}

TEST_CASE("ledger/minisign: keys are read as they are written, and nothing else is one") {
    const auto key = test::key_of(3).public_key();
    const std::string text = minisign_key(key);
    CHECK(parse_minisign_key(text) == key);
    const std::string line = text.substr(text.find('\n') + 1);
    CHECK(parse_minisign_key(line) == key);
    CHECK(parse_minisign_key(line.substr(0, line.size() - 1)) == key);
    CHECK(parse_minisign_key(text + "x").error() == minisign_error::form);
    CHECK(parse_minisign_key("untrusted comment: x").error() == minisign_error::form);
    CHECK(parse_minisign_key("").error() == minisign_error::base64);
    std::string other = line;
    other[0] = 'E';
    CHECK(parse_minisign_key(other).error() == minisign_error::key);
}

TEST_CASE("ledger/proof: both forms are read as they are written; every cut is refused") {
    const auto key = test::key_of(3);
    std::vector<digest> leaves;
    for (const char* text : {"a", "b", "c", "d", "e", "f"}) {
        leaves.push_back(leaf_hash(octets_of(text)));
    }
    const auto nodes = [&](unsigned level, std::uint64_t index) {
        return std::optional(root_of(std::span(leaves).subspan(index << level, 1U << level)));
    };
    const tree_head tree{6, root_of(leaves)};
    const tree_head older{3, root_of(std::span(leaves).first(3))};
    const std::string note = sign_checkpoint({"o", tree}, "a", key);
    const inclusion_proof one{4, {'e'}, *inclusion_path(4, 6, nodes), note};
    const consistency_proof other{3, *consistency_path(3, 6, nodes), note};
    CHECK(check_proof(one, tree));
    CHECK(check_proof(one, older).error() == proof_error::not_in_it);
    CHECK(check_proof(other, tree, older));
    CHECK(check_proof(other, tree, {4, older.root}).error() == proof_error::older);
    for (const proof& each : {proof(one), proof(other)}) {
        const std::string text = proof_text(each);
        const auto parsed = parse_proof(text);
        REQUIRE(parsed);
        CHECK(proof_text(*parsed) == text);
        const std::size_t of_proof = text.find("\n\n") + 2;
        for (std::size_t cut = 0; cut < of_proof; ++cut) {
            const auto refused = parse_proof(text.substr(0, cut));
            CHECK_FALSE(refused);
            CHECK(name(refused.error()) != nullptr);
        }
        for (std::size_t bit = 0; bit < 8 * of_proof; ++bit) {
            std::string spoilt = text;
            spoilt[bit / 8] =
                static_cast<char>(static_cast<unsigned char>(spoilt[bit / 8]) ^ 1U << bit % 8);
            const auto found = parse_proof(spoilt);
            if (!found) {
                continue;
            }
            const auto* in = std::get_if<inclusion_proof>(&*found);
            const bool holds =
                in != nullptr
                    ? check_proof(*in, tree).has_value()
                    : check_proof(std::get<consistency_proof>(*found), tree, older).has_value();
            CHECK_FALSE(holds);
        }
    }
    std::string deep = "old 3\n";
    for (std::size_t i = 0; i <= most_proof_hashes; ++i) {
        deep += crypto::base64(tree.root) + "\n";
    }
    CHECK(parse_proof(deep + "\n").error() == proof_error::too_long);
    CHECK(parse_proof(std::string(most_proof_octets + 1, 'o')).error() == proof_error::too_long);
}
