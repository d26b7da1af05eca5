//! The links between offices and the people or families that they have met: who has one knows of somebody. They have no identifier
//! of their own, and never change.

/// Defines the row `$row` of the table `$table`, which links an office to `$end`, and implements
/// [`BoundTable`](crate::binding::BoundTable) for it by the type `$name`.
#[macro_export]
macro_rules! bound_link {
    ($(#[$doc:meta])* $row:ident, $name:ident in $table:ident from $end:ident: $id:ty) => {
        $(#[$doc])*
        #[derive(Clone, Queryable)]
        pub struct $row {
            pub $end: $id,
            pub office_id: OfficeId,
            pub through_protected: bool,
            pub source_id: ResourceId,
            pub code: Option<RowCode>,
        }

        impl $row {
            /// The code of such a link.
            pub fn code_of(
                $end: $id,
                office_id: OfficeId,
                through_protected: bool,
                source_id: ResourceId,
                vault: &Vault,
            ) -> Vec<u8> {
                let link = Self { $end, office_id, through_protected, source_id, code: None };
                RowCode::new(Self::TABLE, 0, &link.cells(), vault).bytes().to_vec()
            }

            /// The parts of a link's identifier. `None` if it is none.
            fn parts(name: &str) -> Option<($id, OfficeId, bool, ResourceId)> {
                let mut parts = name.split('/');
                let (end, office, through, source) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
                Some((end.parse().ok()?, office.parse().ok()?, through.parse().ok()?, source.parse().ok()?))
            }
        }

        impl BoundRow for $row {
            const TABLE: &'static str = stringify!($table);

            fn name(&self) -> String {
                format!("{}/{}/{}/{}", self.$end, self.office_id, self.through_protected, self.source_id)
            }

            fn cells(&self) -> RowBytes {
                let row = RowBytes::default().with(&self.$end).with(&self.office_id);
                row.with(&self.through_protected).with(&self.source_id)
            }

            fn code(&self) -> Option<&RowCode> {
                self.code.as_ref()
            }

            fn set_code(&mut self, code: RowCode) {
                self.code = Some(code);
            }

            fn version(&self) -> i32 {
                1
            }
        }

        #[doc = concat!("The table `", stringify!($table), "`.")]
        pub struct $name;

        impl BoundTable for $name {
            fn name(&self) -> &'static str {
                $row::TABLE
            }

            fn after(&self, conn: &mut DbConn, after: Option<&str>, limit: i64) -> Result<Vec<StoredRow>> {
                let rows: Vec<$row> = on_backend!(conn, conn => {
                    let order = ($table::$end, $table::office_id, $table::through_protected, $table::source_id);
                    let mut rows = $table::table.order(order).limit(limit).into_boxed();
                    if let Some((end, office, through, source)) = after.and_then($row::parts) {
                        let here = $table::$end.eq(end);
                        let later_office = here.and($table::office_id.gt(office));
                        let same_office = here.and($table::office_id.eq(office));
                        let later_kind = same_office.and($table::through_protected.gt(through));
                        let same_kind = same_office.and($table::through_protected.eq(through));
                        let later = same_kind.and($table::source_id.gt(source));
                        rows = rows.filter($table::$end.gt(end).or(later_office).or(later_kind).or(later));
                    }
                    rows.load(conn)
                })?;
                Ok(rows.iter().map(StoredRow::of).collect())
            }

            fn some(&self, conn: &mut DbConn, names: &[String]) -> Result<Vec<StoredRow>> {
                let mut found = Vec::new();
                for link in names.iter().filter_map(|name| $row::parts(name)) {
                    let row: Option<$row> =
                        on_backend!(&mut *conn, conn => $table::table.find(link).first(conn).optional())?;
                    found.extend(row.as_ref().map(StoredRow::of));
                }
                Ok(found)
            }

            fn write_code(&self, conn: &mut DbConn, name: &str, code: &RowCode) -> Result<()> {
                let Some(link) = $row::parts(name) else { return Ok(()) };
                let row = $table::table.find(link);
                on_backend!(conn, conn => diesel::update(row).set($table::code.eq(code)).execute(conn))?;
                Ok(())
            }
        }
    };
}
