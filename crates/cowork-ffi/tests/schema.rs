//! The one document from which every language's types and methods are made.

#[test]
fn the_schema_of_all_that_crosses_a_border_is_what_it_was() {
    insta::assert_json_snapshot!(cowork_ffi::schema());
}
